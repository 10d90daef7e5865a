/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "telemetry/core/attributes_private.h"

/* Pairs to add together. */
struct pairs {
  uint64_t seen;
  uint32_t count, size;
  const struct tel_place *places;
  const unsigned char *bytes; /* the base of places */
  uint32_t start;             /* of the first pair */
};

/* The places follow the struct, and the bytes follow the places. */
struct tel_block {
  struct pairs pairs;
  struct tel_place places[];
};

struct tel_block *tel_block_new(const struct tel_attributes *from) {
  size_t places = from->count * sizeof(struct tel_place), size = tel_attributes_pairs_size(from);
  struct tel_block *block = malloc(sizeof *block + places + size);
  if (!block) return NULL;
  unsigned char *bytes = (unsigned char *)(block->places + from->count);
  block->pairs = (struct pairs){from->seen, from->count, (uint32_t)size, block->places, bytes, 0};
  for (uint32_t i = 0; i < from->count; i++)
    block->places[i] = (struct tel_place){from->places[i].id, from->places[i].at - from->start};
  memcpy(bytes, tel_attributes_pairs(from), size);
  return block;
}

void tel_block_free(struct tel_block *block) {
  free(block);
}

static bool has_one_of(const struct tel_attributes *a, const struct pairs *pairs) {
  if (!(a->seen & pairs->seen)) return false;
  for (uint32_t i = 0; i < a->count; i++)
    for (uint32_t n = 0; n < pairs->count; n++)
      if (a->places[i].id == pairs->places[n].id) return true;
  return false;
}

/* Adds the pairs one by one: a key may already exist, not all pairs may fit, or a value may be too long. */
static void add_each(struct tel_attributes *a, const struct pairs *pairs) {
  for (uint32_t i = 0; i < pairs->count; i++) {
    const unsigned char *at = pairs->bytes + pairs->places[i].at;
    uint32_t end = i + 1 < pairs->count ? pairs->places[i + 1].at : pairs->start + pairs->size;
    tel_attributes_add_encoded(a, pairs->places[i].id, at, end - pairs->places[i].at);
  }
}

static void add(struct tel_attributes *a, const struct pairs *pairs) {
  unsigned char *to = NULL;
  uint32_t count = a->count + pairs->count;
  if (count <= a->limit && count <= a->place_size && pairs->size <= a->value_limit && !has_one_of(a, pairs))
    to = tel_attributes_reserve(a, pairs->size);
  if (!to) {
    add_each(a, pairs);
    return;
  }
  memcpy(to, pairs->bytes + pairs->start, pairs->size);
  uint32_t shift = a->end - pairs->start;
  for (uint32_t i = 0; i < pairs->count; i++)
    a->places[a->count++] = (struct tel_place){pairs->places[i].id, pairs->places[i].at + shift};
  a->seen |= pairs->seen;
  a->end += pairs->size;
}

void tel_attributes_add_block(struct tel_attributes *a, const struct tel_block *block) {
  if (a && block) add(a, &block->pairs);
}

void tel_attributes_add(struct tel_attributes *a, const struct tel_attributes *from) {
  if (!a || !from) return;
  const struct pairs pairs = {from->seen,   from->count, from->end - from->start,
                              from->places, from->bytes, from->start};
  add(a, &pairs);
}
