include src/http/server.mk
