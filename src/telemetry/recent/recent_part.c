/* SPDX-License-Identifier: MIT */
#include "telemetry/recent/recent_part.h"

#include <string.h>

#include "telemetry/core/attributes_private.h"

/* Where the content begins in the data of a part's first chunk. */
enum { PART_HEAD = sizeof(struct tel_recent_part) - sizeof(struct tel_recent_chunk *) };

struct tel_recent_part *tel_recent_part_new(struct tel_recent_open *open, const void *data, size_t len,
                                            bool log) {
  struct tel_recent_chunk *first = tel_recent_chunk_take(open);
  struct tel_recent_part *part = (struct tel_recent_part *)first;
  if (!part) return NULL;
  *part = (struct tel_recent_part){.size = (uint32_t)len, .log = log};
  const unsigned char *from = data;
  size_t skip = PART_HEAD;
  for (struct tel_recent_chunk *chunk = first; chunk; chunk = chunk->next, skip = 0) {
    size_t room = sizeof chunk->data - skip, n = len < room ? len : room;
    memcpy(chunk->data + skip, from, n);
    from += n;
    len -= n;
    if (len == 0) return part;
    chunk->next = tel_recent_chunk_take(open);
  }
  tel_recent_chunks_give(open->store, first);
  return NULL;
}

/* --- Reading --- */

bool tel_recent_part_copy(const struct tel_recent_part *part, struct tel_arena *arena,
                          struct tel_recent_copy *out) {
  unsigned char *to = tel_arena_take(arena, part->size ? part->size : 1);
  if (!to) return false;
  *out = (struct tel_recent_copy){to, part->size, part->log};
  size_t left = part->size, skip = PART_HEAD;
  for (const struct tel_recent_chunk *chunk = (const struct tel_recent_chunk *)part; left > 0;
       chunk = chunk->next, skip = 0) {
    size_t n = sizeof chunk->data - skip < left ? sizeof chunk->data - skip : left;
    memcpy(to, chunk->data + skip, n);
    to += n;
    left -= n;
  }
  return true;
}

static uint32_t count_of(const struct wire_field *message, uint32_t number) {
  struct wire_reader r = {message->bytes, message->bytes + message->len};
  struct wire_field field;
  uint32_t count = 0;
  while (wire_next(&r, &field)) count += field.number == number;
  return count;
}

/* Reads the attributes of a message. number is their field; the next field counts the dropped ones. */
static bool read_attributes(const struct wire_field *message, uint32_t number, struct tel_arena *arena,
                            struct tel_recent_pairs *out) {
  struct wire_reader r = {message->bytes, message->bytes + message->len};
  struct wire_field field;
  struct tel_attribute *items = tel_arena_take(arena, (count_of(message, number) + 1) * sizeof *items);
  if (!items) return false;
  out->items = items;
  while (wire_next(&r, &field)) {
    if (field.number == number) tel_pair_read(field.bytes, field.len, &items[out->count++]);
    if (field.number == number + 1) out->dropped = (uint32_t)field.value;
  }
  return true;
}

static bool read_event(const struct wire_field *message, struct tel_arena *arena,
                       struct tel_recent_item *out) {
  struct wire_reader r = {message->bytes, message->bytes + message->len};
  struct wire_field field;
  *out = (struct tel_recent_item){0};
  while (wire_next(&r, &field)) {
    if (field.number == 1) out->unix_ns = field.value;
    if (field.number == 2 && !(out->name = tel_arena_text(arena, field.bytes, field.len))) return false;
  }
  return read_attributes(message, 3, arena, &out->attributes);
}

static void read_id(const struct wire_field *field, uint8_t *id, size_t size) {
  memcpy(id, field->bytes, field->len < size ? field->len : size);
}

static bool read_link(const struct wire_field *message, struct tel_arena *arena,
                      struct tel_recent_item *out) {
  struct wire_reader r = {message->bytes, message->bytes + message->len};
  struct wire_field field;
  *out = (struct tel_recent_item){0};
  while (wire_next(&r, &field)) {
    if (field.number == 1) read_id(&field, out->context.trace_id, sizeof out->context.trace_id);
    if (field.number == 2) read_id(&field, out->context.span_id, sizeof out->context.span_id);
  }
  return read_attributes(message, 4, arena, &out->attributes);
}

static bool read_items(const struct wire_field *span, uint32_t number, struct tel_arena *arena,
                       bool (*read)(const struct wire_field *message, struct tel_arena *arena,
                                    struct tel_recent_item *out),
                       struct tel_recent_items *out) {
  struct wire_reader r = {span->bytes, span->bytes + span->len};
  struct wire_field field;
  out->items = tel_arena_take(arena, (count_of(span, number) + 1) * sizeof *out->items);
  if (!out->items) return false;
  while (wire_next(&r, &field)) {
    if (field.number == number && !read(&field, arena, &out->items[out->count++])) return false;
    if (field.number == number + 1) out->dropped = (uint32_t)field.value; /* next field in the schema */
  }
  return true;
}

static bool read_status(const struct wire_field *message, struct tel_arena *arena,
                        struct tel_recent_span *out) {
  struct wire_reader r = {message->bytes, message->bytes + message->len};
  struct wire_field field;
  while (wire_next(&r, &field)) {
    if (field.number == 3) out->status = (enum tel_span_status)field.value;
    if (field.number == 2 && !(out->status_text = tel_arena_text(arena, field.bytes, field.len)))
      return false;
  }
  return true;
}

bool tel_recent_span_decode(const struct tel_recent_copy *copy, struct tel_arena *arena,
                            struct tel_recent_span *out) {
  struct wire_reader whole = {copy->data, copy->data + copy->size}, r;
  struct wire_field span, field;
  *out = (struct tel_recent_span){.name = "", .status_text = ""};
  if (!wire_next(&whole, &span)) return false;
  if (!read_attributes(&span, 9, arena, &out->attributes) ||
      !read_items(&span, 11, arena, read_event, &out->events) ||
      !read_items(&span, 13, arena, read_link, &out->links))
    return false;
  for (r = (struct wire_reader){span.bytes, span.bytes + span.len}; wire_next(&r, &field);) {
    if (field.number == 1) read_id(&field, out->trace_id, sizeof out->trace_id);
    if (field.number == 2) read_id(&field, out->span_id, sizeof out->span_id);
    if (field.number == 4) read_id(&field, out->parent_id, sizeof out->parent_id);
    if (field.number == 4) out->has_parent = true;
    if (field.number == 5 && !(out->name = tel_arena_text(arena, field.bytes, field.len))) return false;
    if (field.number == 6) out->kind = (enum tel_span_kind)field.value;
    if (field.number == 7) out->start_unix_ns = field.value;
    if (field.number == 8) out->end_unix_ns = field.value;
    if (field.number == 15 && !read_status(&field, arena, out)) return false;
  }
  return true;
}
