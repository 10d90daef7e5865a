/* SPDX-License-Identifier: MIT */
/* The listening socket. */
#ifndef SERVER_LISTEN_PRIVATE_H
#define SERVER_LISTEN_PRIVATE_H

#include "base/address.h"
#include "base/error.h"

/* Opens the socket. Returns the descriptor, or -1 with a text in error. Writes the bound port into address.
 */
int server_listen_open(struct address *address, struct error *error);

#endif
