/* SPDX-License-Identifier: MIT */
#include "shop/connections.h"

#include <assert.h>

#include "base/condition.h"

void shop_connections_init(struct shop_connections *connections) {
  *connections = (struct shop_connections){.used = 0};
  pthread_mutex_init(&connections->lock, NULL);
  condition_init(&connections->given);
}

void shop_connections_free(struct shop_connections *connections) {
  pthread_cond_destroy(&connections->given);
  pthread_mutex_destroy(&connections->lock);
}

void shop_connections_limit(struct shop_connections *connections, uint32_t limit) {
  pthread_mutex_lock(&connections->lock);
  atomic_store(&connections->limit, limit);
  pthread_cond_broadcast(&connections->given);
  pthread_mutex_unlock(&connections->lock);
}

static bool all_in_use(const struct shop_connections *connections) {
  uint32_t limit = atomic_load(&connections->limit);
  return limit > 0 && connections->used >= limit;
}

enum shop_connection shop_connections_take(struct shop_connections *connections, uint64_t deadline_mono_ns) {
  if (atomic_load_explicit(&connections->limit, memory_order_relaxed) == 0) return SHOP_CONNECTION_FREE;
  bool in_time = true;
  pthread_mutex_lock(&connections->lock);
  /* If the limit is lifted while this call waits, it still takes a connection and gives it back. */
  while (in_time && all_in_use(connections))
    in_time = condition_wait(&connections->given, &connections->lock, deadline_mono_ns);
  if (in_time) connections->used++;
  pthread_mutex_unlock(&connections->lock);
  return in_time ? SHOP_CONNECTION_TAKEN : SHOP_CONNECTION_NONE;
}

void shop_connections_give(struct shop_connections *connections) {
  pthread_mutex_lock(&connections->lock);
  assert(connections->used > 0);
  connections->used--;
  pthread_cond_signal(&connections->given);
  pthread_mutex_unlock(&connections->lock);
}
