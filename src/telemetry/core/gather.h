/* SPDX-License-Identifier: MIT */
/* Where items gather that may leave in any order: an array for each processor, so that pushes seldom write to
 * a cache line that another processor writes to. Internal to src/telemetry. */
#ifndef TELEMETRY_CORE_GATHER_H
#define TELEMETRY_CORE_GATHER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/shard.h"
#include "telemetry/core/pipeline.h"

enum { TEL_GATHER_ITEMS = 248 };

struct tel_gather {
  _Alignas(SHARD_LINE) atomic_bool busy;
  uint32_t count;
  struct tel_item *chain, **chain_end; /* what did not fit into items any more, oldest first */
  struct tel_item *items[TEL_GATHER_ITEMS];
};

void tel_gather_init(struct tel_gather gathers[SHARDS]);
/* Adds an item. False: other threads, interrupted, are in all of them. Never waits. */
bool tel_gather_add(struct tel_gather gathers[SHARDS], struct tel_item *item);
/* Appends all items to the list whose end is at *last. What a thread is just adding stays for the next time.
 * One thread. */
void tel_gather_take(struct tel_gather gathers[SHARDS], struct tel_item ***last);

#endif
