include tests/http/server.mk
