# The HTTP server: generic, knows nothing of the shop; minishop and slack-mock stand on it.
noinst_LIBRARIES += libserver.a
libserver_a_SOURCES = \
	src/server/server.c src/server/server.h src/server/server_private.h \
	src/server/arrival.c \
	src/server/connection.c \
	src/server/drain.c \
	src/server/guards.c \
	src/server/listen.c \
	src/server/refuse.c \
	src/server/request.c \
	src/server/socket.c \
	src/server/sweeper.c \
	src/server/target.c
LIBSERVER = libserver.a $(LIBBASE)
LIBSERVER_LIBS = $(ULFIUS_LIBS) $(MICROHTTPD_LIBS) $(ORCANIA_LIBS) $(YDER_LIBS) $(JANSSON_LIBS)
