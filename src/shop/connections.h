/* SPDX-License-Identifier: MIT */
/* The pool of connections to the payment provider. Each call takes a connection and gives it back. Any
 * thread. Without a limit a call costs one atomic read. */
#ifndef SHOP_CONNECTIONS_H
#define SHOP_CONNECTIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct shop_connections {
  _Atomic uint32_t limit; /* 0: no limit */
  _Atomic uint32_t used;  /* changes only under the lock; a scrape reads it without the lock */
  pthread_mutex_t lock;
  pthread_cond_t given;
};

void shop_connections_init(struct shop_connections *connections);
void shop_connections_free(struct shop_connections *connections);
/* A smaller limit does not take connections from running calls. */
void shop_connections_limit(struct shop_connections *connections, uint32_t limit);

enum shop_connection { SHOP_CONNECTION_FREE, SHOP_CONNECTION_TAKEN, SHOP_CONNECTION_NONE };
/* Waits for a connection until the deadline (clock_mono_ns()). TAKEN must be given back. FREE: no limit is
 * set, give nothing back. NONE: the deadline has passed. */
enum shop_connection shop_connections_take(struct shop_connections *connections, uint64_t deadline_mono_ns);
void shop_connections_give(struct shop_connections *connections);

#endif
