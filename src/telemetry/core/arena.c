/* SPDX-License-Identifier: MIT */
#include "telemetry/core/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 * 1024, ALIGN = 16 };

struct tel_arena_chunk {
  struct tel_arena_chunk *next;
  size_t size;
  _Alignas(ALIGN) char data[];
};

void *tel_arena_take(struct tel_arena *arena, size_t size) {
  if (size > PTRDIFF_MAX) return NULL;
  size = (size + ALIGN - 1) / ALIGN * ALIGN;
  while (!arena->current || arena->current->size - arena->used < size) {
    struct tel_arena_chunk **next = arena->current ? &arena->current->next : &arena->first;
    if (!*next) {
      size_t data = size > CHUNK ? size : CHUNK;
      if (!(*next = malloc(sizeof **next + data))) return NULL;
      (*next)->next = NULL;
      (*next)->size = data;
    }
    arena->current = *next; /* skips a chunk that is too small */
    arena->used = 0;
  }
  void *memory = arena->current->data + arena->used;
  arena->used += size;
  return memory;
}

char *tel_arena_text(struct tel_arena *arena, const void *data, size_t len) {
  char *text = tel_arena_take(arena, len + 1);
  if (!text) return NULL;
  memcpy(text, data, len);
  text[len] = '\0';
  return text;
}

void tel_arena_reset(struct tel_arena *arena) {
  arena->current = NULL;
  arena->used = 0;
}

void tel_arena_free(struct tel_arena *arena) {
  for (struct tel_arena_chunk *chunk = arena->first, *next; chunk; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
  *arena = (struct tel_arena){NULL, NULL, 0};
}
