/* SPDX-License-Identifier: MIT */
/* Memory for many small objects that are freed together. One thread. */
#ifndef TELEMETRY_CORE_ARENA_H
#define TELEMETRY_CORE_ARENA_H

#include <stddef.h>

struct tel_arena_chunk;

/* All zero is an empty arena. */
struct tel_arena {
  struct tel_arena_chunk *first, *current;
  size_t used; /* of current */
};

/* Returns size bytes, aligned for any type, uninitialised. NULL when out of memory. */
void *tel_arena_take(struct tel_arena *arena, size_t size);
/* Copies len bytes and a NUL. NULL when out of memory. */
char *tel_arena_text(struct tel_arena *arena, const void *data, size_t len);
/* Frees all objects and keeps the memory for the next ones. */
void tel_arena_reset(struct tel_arena *arena);
void tel_arena_free(struct tel_arena *arena);

#endif
