/* SPDX-License-Identifier: MIT */
/* Memory for many small things that are given back all at once. One thread. Internal to src/telemetry. */
#ifndef TELEMETRY_CORE_ARENA_H
#define TELEMETRY_CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct tel_arena_chunk;

/* All zero is an empty arena. */
struct tel_arena {
  struct tel_arena_chunk *first, *current;
  size_t used; /* of current */
};

/* size bytes, aligned for anything, uninitialised. NULL when out of memory. */
void *tel_arena_take(struct tel_arena *arena, size_t size);
/* Everything taken is gone; the memory is kept for the next round. */
void tel_arena_reset(struct tel_arena *arena);
void tel_arena_free(struct tel_arena *arena);

#endif
