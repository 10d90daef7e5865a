/* SPDX-License-Identifier: MIT */
/* The graceful shutdown of a server. */
#ifndef SERVER_DRAIN_H
#define SERVER_DRAIN_H

#include <stdint.h>

struct server;

/* Shuts the service down gracefully. Accepts no more connections, and replies with 503 to those in the
 * backlog. Waits until the responses to all requests in flight are sent, or until the deadline
 * (clock_mono_ns()). Gives incomplete requests one second, then drops them. Blocks. Returns how many requests
 * were still in flight at the deadline. */
unsigned server_drain(struct server *server, uint64_t deadline_mono_ns);

#endif
