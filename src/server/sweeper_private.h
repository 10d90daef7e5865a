/* SPDX-License-Identifier: MIT */
/* The thread that enforces deadlines and closes lingering sockets. */
#ifndef SERVER_SWEEPER_PRIVATE_H
#define SERVER_SWEEPER_PRIVATE_H

#include "server/server_private.h"

/* Returns 0, or -1 with errno. */
int server_sweeper_start(struct server *server);
void server_sweeper_stop(struct server *server);
/* Keeps the socket open until the client closes it or a second has passed, so that a reset does not destroy
 * the response. Takes ownership of fd. */
void server_sweeper_linger(struct server *server, int fd);

#endif
