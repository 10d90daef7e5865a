# The HTTP server: generic, knows nothing of the shop; minishop and slack-mock stand on it.
noinst_LIBRARIES += libhttpserver.a
libhttpserver_a_SOURCES = \
	src/http/server.c src/http/server.h src/http/server_private.h \
	src/http/arrival.c \
	src/http/connection.c \
	src/http/drain.c \
	src/http/guards.c \
	src/http/listen.c \
	src/http/refuse.c \
	src/http/request.c \
	src/http/socket.c \
	src/http/sweeper.c \
	src/http/target.c
LIBHTTPSERVER = libhttpserver.a $(LIBBASE)
LIBHTTPSERVER_LIBS = $(ULFIUS_LIBS) $(MICROHTTPD_LIBS) $(ORCANIA_LIBS) $(YDER_LIBS) $(JANSSON_LIBS)
