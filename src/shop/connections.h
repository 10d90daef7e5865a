/* SPDX-License-Identifier: MIT */
/* The pool of connections to the payment provider: a call takes one and gives it back. Any thread. Without a
 * limit a call pays for one atomic read. */
#ifndef SHOP_CONNECTIONS_H
#define SHOP_CONNECTIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct shop_connections {
  _Atomic uint32_t limit; /* 0: none */
  _Atomic uint32_t used;  /* changes under the lock only; a scrape reads it without */
  pthread_mutex_t lock;
  pthread_cond_t given;
};

void shop_connections_init(struct shop_connections *connections);
void shop_connections_free(struct shop_connections *connections);
/* A smaller limit takes no connection from a call that has one. */
void shop_connections_limit(struct shop_connections *connections, uint32_t limit);
uint32_t shop_connections_used(const struct shop_connections *connections);

enum shop_connection { SHOP_CONNECTION_FREE, SHOP_CONNECTION_TAKEN, SHOP_CONNECTION_NONE };
/* Waits for a connection until the deadline (clock_mono_ns()). TAKEN has to be given back; FREE, without a
 * limit, has not; NONE is the deadline. */
enum shop_connection shop_connections_take(struct shop_connections *connections, uint64_t deadline_mono_ns);
void shop_connections_give(struct shop_connections *connections);

#endif
