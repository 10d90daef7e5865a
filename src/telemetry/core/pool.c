/* SPDX-License-Identifier: MIT */
#include "telemetry/core/pool.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* A Treiber stack. The low half of top is the index of the first free object, plus one. The high half counts
 * the changes of top. If other threads change the stack between a thread's read and its exchange, the
 * exchange fails even if the same object is on top again, and the thread retries. */
struct tel_pool {
  unsigned char *objects;
  size_t count, size;
  _Atomic uint32_t *below; /* for each free object: the index of the next one, plus one; 0: it is the last */
  _Alignas(64) _Atomic uint64_t top;
};

#define CHANGED(top) (((top) & ~UINT64_C(0xFFFFFFFF)) + (UINT64_C(1) << 32))

struct tel_pool *tel_pool_new(size_t count, size_t size) {
  if (count == 0 || count >= UINT32_MAX) return NULL;
  struct tel_pool *pool = aligned_alloc(64, (sizeof *pool + 63) / 64 * 64);
  if (!pool) return NULL;
  pool->count = count;
  pool->size = (size + 15) / 16 * 16;
  pool->objects = calloc(count, pool->size);
  pool->below = calloc(count, sizeof *pool->below);
  if (!pool->objects || !pool->below) {
    tel_pool_free(pool);
    return NULL;
  }
  for (size_t i = 0; i < count; i++) atomic_init(&pool->below[i], i + 1 < count ? (uint32_t)(i + 2) : 0);
  atomic_init(&pool->top, 1);
  return pool;
}

void tel_pool_free(struct tel_pool *pool) {
  if (!pool) return;
  free(pool->objects);
  free(pool->below);
  free(pool);
}

void *tel_pool_take(struct tel_pool *pool) {
  uint64_t top = atomic_load_explicit(&pool->top, memory_order_acquire), rest;
  do {
    if ((uint32_t)top == 0) return NULL;
    rest = CHANGED(top) | atomic_load_explicit(&pool->below[(uint32_t)top - 1], memory_order_relaxed);
  } while (!atomic_compare_exchange_weak_explicit(&pool->top, &top, rest, memory_order_acq_rel,
                                                  memory_order_acquire));
  return pool->objects + ((uint32_t)top - 1) * pool->size;
}

void tel_pool_give(struct tel_pool *pool, void *object) {
  assert(tel_pool_owns(pool, object));
  size_t index = (size_t)((unsigned char *)object - pool->objects) / pool->size;
  uint64_t top = atomic_load_explicit(&pool->top, memory_order_relaxed);
  do {
    atomic_store_explicit(&pool->below[index], (uint32_t)top, memory_order_relaxed);
  } while (!atomic_compare_exchange_weak_explicit(&pool->top, &top, CHANGED(top) | (index + 1),
                                                  memory_order_acq_rel, memory_order_relaxed));
}

void *tel_pool_take_or_allocate(struct tel_pool *pool) {
  void *object = tel_pool_take(pool);
  return object ? object : malloc(pool->size);
}

void tel_pool_give_or_free(struct tel_pool *pool, void *object) {
  if (tel_pool_owns(pool, object))
    tel_pool_give(pool, object);
  else
    free(object);
}

bool tel_pool_owns(const struct tel_pool *pool, const void *object) {
  uintptr_t at = (uintptr_t)object, from = (uintptr_t)pool->objects;
  return at >= from && at < from + pool->count * pool->size;
}
