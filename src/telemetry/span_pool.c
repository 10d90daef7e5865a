#include "telemetry/span_pool.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/ring.h"
#include "telemetry/span.h"

struct tel_span_pool {
  struct tel_span *spans;
  size_t capacity;
  struct ring *returned;  /* used before: warm */
  _Atomic size_t touched; /* spans[touched...] have never been used */
};

struct tel_span_pool *tel_span_pool_new(size_t capacity) {
  struct tel_span_pool *pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  pool->capacity = capacity;
  /* malloc, not calloc: the kernel gives each page when it is first written. */
  if (!(pool->spans = malloc(capacity * sizeof *pool->spans)) || !(pool->returned = ring_new(capacity + capacity / 4))) {
    tel_span_pool_free(pool);
    return NULL;
  }
  return pool;
}

void tel_span_pool_free(struct tel_span_pool *pool) {
  if (!pool) return;
  ring_free(pool->returned);
  free(pool->spans);
  free(pool);
}

struct tel_span *tel_span_pool_take(struct tel_span_pool *pool) {
  struct tel_span *span = ring_pop(pool->returned);
  if (span) return span;
  /* Looked at first, so that a pool which is used up does not count on and on. */
  if (atomic_load_explicit(&pool->touched, memory_order_relaxed) < pool->capacity) {
    size_t index = atomic_fetch_add_explicit(&pool->touched, 1, memory_order_relaxed);
    if (index < pool->capacity) return &pool->spans[index];
  }
  return malloc(sizeof *span);
}

void tel_span_pool_give(struct tel_span_pool *pool, struct tel_span *span) {
  uintptr_t at = (uintptr_t)span, from = (uintptr_t)pool->spans;
  if (at < from || at >= from + pool->capacity * sizeof *span) {
    free(span);
    return;
  }
  /* There is a place for each of the pool's own and more: the ring is full only as long as a thread that was
   * interrupted while it took one has held its slot while all the others went by. */
  while (!ring_push(pool->returned, span)) sched_yield();
}
