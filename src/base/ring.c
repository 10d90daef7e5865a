#include "base/ring.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* A slot's turn says which operation may use it: turn == position: free for that push; position + 1: filled,
 * for that pop. */
struct slot {
  _Atomic size_t turn;
  void *item;
};

struct ring {
  struct slot *slots;
  size_t mask;
  _Alignas(64) _Atomic size_t head; /* next push */
  _Alignas(64) _Atomic size_t tail; /* next pop */
};

struct ring *ring_new(size_t capacity) {
  size_t size = 2;
  while (size < capacity && size < SIZE_MAX / 2 / sizeof(struct slot)) size *= 2;
  struct ring *ring = aligned_alloc(64, (sizeof *ring + 63) / 64 * 64);
  if (!ring) return NULL;
  ring->slots = malloc(size * sizeof *ring->slots);
  if (!ring->slots) {
    free(ring);
    return NULL;
  }
  ring->mask = size - 1;
  for (size_t i = 0; i < size; i++) atomic_init(&ring->slots[i].turn, i);
  atomic_init(&ring->head, 0);
  atomic_init(&ring->tail, 0);
  return ring;
}

void ring_free(struct ring *ring) {
  if (!ring) return;
  free(ring->slots);
  free(ring);
}

bool ring_push(struct ring *ring, void *item) {
  size_t at = atomic_load_explicit(&ring->head, memory_order_relaxed);
  for (;;) {
    struct slot *slot = &ring->slots[at & ring->mask];
    size_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
    if (turn == at) {
      if (atomic_compare_exchange_weak_explicit(&ring->head, &at, at + 1, memory_order_relaxed,
                                                memory_order_relaxed)) {
        slot->item = item;
        atomic_store_explicit(&slot->turn, at + 1, memory_order_release);
        return true;
      }
    } else if ((intptr_t)(turn - at) < 0) {
      return false;
    } else {
      at = atomic_load_explicit(&ring->head, memory_order_relaxed);
    }
  }
}

void *ring_pop(struct ring *ring) {
  size_t at = atomic_load_explicit(&ring->tail, memory_order_relaxed);
  for (;;) {
    struct slot *slot = &ring->slots[at & ring->mask];
    size_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
    if (turn == at + 1) {
      if (atomic_compare_exchange_weak_explicit(&ring->tail, &at, at + 1, memory_order_relaxed,
                                                memory_order_relaxed)) {
        void *item = slot->item;
        atomic_store_explicit(&slot->turn, at + ring->mask + 1, memory_order_release);
        return item;
      }
    } else if ((intptr_t)(turn - (at + 1)) < 0) {
      return NULL;
    } else {
      at = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    }
  }
}

size_t ring_count(const struct ring *ring) {
  size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
  size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
  return head - tail;
}
