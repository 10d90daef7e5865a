/* SPDX-License-Identifier: MIT */
#include "telemetry/core/gather.h"

#include <string.h>

/* Items that are loaded before their turn: they lie in the cache of the processor that made them. */
enum { AHEAD = 8 };

static bool enter(struct tel_gather *gather) {
  return !atomic_load_explicit(&gather->busy, memory_order_relaxed) &&
         !atomic_exchange_explicit(&gather->busy, true, memory_order_acquire);
}

static void leave(struct tel_gather *gather) {
  atomic_store_explicit(&gather->busy, false, memory_order_release);
}

/* Appends the items to a list. */
static struct tel_item **chain(struct tel_item *const *items, uint32_t count, struct tel_item **end) {
  for (uint32_t i = 0; i < count; i++) {
    if (i + AHEAD < count) __builtin_prefetch(items[i + AHEAD], 1);
    *end = items[i];
    end = &items[i]->next;
  }
  *end = NULL;
  return end;
}

void tel_gather_init(struct tel_gather gathers[SHARDS]) {
  for (int i = 0; i < SHARDS; i++) {
    atomic_init(&gathers[i].busy, false);
    gathers[i].count = 0;
    gathers[i].chain = NULL;
    gathers[i].chain_end = &gathers[i].chain;
  }
}

bool tel_gather_add(struct tel_gather gathers[SHARDS], struct tel_item *item) {
  unsigned mine = shard_index();
  for (unsigned i = 0; i < SHARDS; i++) {
    struct tel_gather *gather = &gathers[(mine + i) % SHARDS];
    if (!enter(gather)) continue;
    if (gather->count == TEL_GATHER_ITEMS) {
      gather->chain_end = chain(gather->items, gather->count, gather->chain_end);
      gather->count = 0;
    }
    gather->items[gather->count++] = item;
    leave(gather);
    return true;
  }
  return false;
}

void tel_gather_take(struct tel_gather gathers[SHARDS], struct tel_item ***last) {
  struct tel_item *items[TEL_GATHER_ITEMS];
  for (int i = 0; i < SHARDS; i++) {
    struct tel_gather *gather = &gathers[i];
    if (!enter(gather)) continue;
    uint32_t count = gather->count;
    memcpy(items, gather->items, count * sizeof *items);
    gather->count = 0;
    if (gather->chain) {
      **last = gather->chain;
      *last = gather->chain_end;
      gather->chain = NULL;
      gather->chain_end = &gather->chain;
    }
    leave(gather);
    *last = chain(items, count, *last);
  }
}
