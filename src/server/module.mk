# SPDX-License-Identifier: MIT
# The generic HTTP server of minishop and slack-mock. It knows nothing of the shop.
noinst_LIBRARIES += libserver.a
libserver_a_SOURCES = \
	src/server/server.c src/server/server.h src/server/server_private.h \
	src/server/arrival.c src/server/arrival_private.h \
	src/server/connection.c src/server/connection_private.h \
	src/server/drain.c src/server/drain.h \
	src/server/guards.c src/server/guards_private.h \
	src/server/insides.c src/server/insides_private.h \
	src/server/listen.c src/server/listen_private.h \
	src/server/refuse.c src/server/refuse.h src/server/refuse_private.h \
	src/server/request.c src/server/request.h \
	src/server/sweeper.c src/server/sweeper_private.h \
	src/server/target.c src/server/target_private.h
LIBSERVER = libserver.a $(LIBBASE)
LIBSERVER_LIBS = $(ULFIUS_LIBS) $(MICROHTTPD_LIBS) $(ORCANIA_LIBS) $(YDER_LIBS) $(JANSSON_LIBS)
