/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/shard.h"

/* Fewer objects than this for each shard lie in one. */
enum { SHARD_MIN = 32 };

/* A Treiber stack. The low half of top is the index of the first free object, plus one; the high half counts
 * the changes. If other threads change the stack between a thread's read and its exchange, the exchange fails
 * even if the same object is on top again, and the thread retries. */
struct stack {
  _Alignas(SHARD_LINE) _Atomic uint64_t top;
};

struct pool {
  unsigned char *objects;
  size_t count, size;
  size_t share;            /* of each stack but the last: objects that lie together */
  unsigned stack_count;    /* SHARDS, or 1 */
  _Atomic uint32_t *below; /* for each free object: the index of the next one, plus one; 0: it is the last */
  struct stack stacks[SHARDS];
};

#define CHANGED(top) (((top) & ~UINT64_C(0xFFFFFFFF)) + (UINT64_C(1) << 32))

static void fill(struct pool *pool, unsigned stack) {
  size_t first = stack * pool->share, end = first + pool->share;
  if (end > pool->count) end = pool->count;
  atomic_init(&pool->stacks[stack].top, first < end ? first + 1 : 0);
  for (size_t i = first; i < end; i++) atomic_init(&pool->below[i], i + 1 < end ? (uint32_t)(i + 2) : 0);
}

struct pool *pool_new(size_t count, size_t size) {
  if (count == 0 || count >= UINT32_MAX) return NULL;
  struct pool *pool = aligned_alloc(SHARD_LINE, sizeof *pool);
  if (!pool) return NULL;
  pool->count = count;
  pool->size = (size + 15) / 16 * 16;
  pool->stack_count = count >= SHARDS * SHARD_MIN ? SHARDS : 1;
  pool->share = (count + pool->stack_count - 1) / pool->stack_count;
  pool->objects = calloc(count, pool->size);
  pool->below = calloc(count, sizeof *pool->below);
  if (!pool->objects || !pool->below) {
    pool_free(pool);
    return NULL;
  }
  for (unsigned stack = 0; stack < pool->stack_count; stack++) fill(pool, stack);
  return pool;
}

void pool_free(struct pool *pool) {
  if (!pool) return;
  free(pool->objects);
  free(pool->below);
  free(pool);
}

static void *take_from(struct pool *pool, struct stack *stack) {
  uint64_t top = atomic_load_explicit(&stack->top, memory_order_acquire), rest;
  do {
    if ((uint32_t)top == 0) return NULL;
    rest = CHANGED(top) | atomic_load_explicit(&pool->below[(uint32_t)top - 1], memory_order_relaxed);
  } while (!atomic_compare_exchange_weak_explicit(&stack->top, &top, rest, memory_order_acq_rel,
                                                  memory_order_acquire));
  return pool->objects + ((uint32_t)top - 1) * pool->size;
}

void *pool_take(struct pool *pool) {
  unsigned mine = pool->stack_count > 1 ? shard_index() : 0;
  void *object = take_from(pool, &pool->stacks[mine]);
  for (unsigned other = 1; !object && other < pool->stack_count; other++)
    object = take_from(pool, &pool->stacks[(mine + other) % SHARDS]);
  return object;
}

/* Each object goes back to the stack that it lay on at first. */
void pool_give(struct pool *pool, void *object) {
  assert(pool_owns(pool, object));
  size_t index = (size_t)((unsigned char *)object - pool->objects) / pool->size;
  struct stack *stack = &pool->stacks[index / pool->share];
  uint64_t top = atomic_load_explicit(&stack->top, memory_order_relaxed);
  do {
    atomic_store_explicit(&pool->below[index], (uint32_t)top, memory_order_relaxed);
  } while (!atomic_compare_exchange_weak_explicit(&stack->top, &top, CHANGED(top) | (index + 1),
                                                  memory_order_acq_rel, memory_order_relaxed));
}

bool pool_owns(const struct pool *pool, const void *object) {
  uintptr_t at = (uintptr_t)object, from = (uintptr_t)pool->objects;
  return at >= from && at < from + pool->count * pool->size;
}
