/* SPDX-License-Identifier: MIT */
#include "telemetry/recent/recent_part.h"

#include <string.h>

#include "telemetry/core/attributes_private.h"

/* --- Writing into chunks --- */

struct writer {
  struct tel_recent_open *open;
  struct tel_recent_chunk *last; /* NULL after a failure */
  size_t used;                   /* of last's data */
  struct tel_recent_part *part;
};

static struct writer begin(struct tel_recent_open *open, bool log) {
  struct tel_recent_chunk *chunk = tel_recent_chunk_take(open);
  struct writer w = {open, chunk, sizeof *w.part - sizeof chunk->next, (struct tel_recent_part *)chunk};
  if (chunk) *w.part = (struct tel_recent_part){.log = log};
  return w;
}

static void put_across(struct writer *w, const unsigned char *from, size_t len) {
  while (len > 0 && w->last) {
    size_t room = sizeof w->last->data - w->used, n = len < room ? len : room;
    if (n == 0) {
      struct tel_recent_chunk *chunk = tel_recent_chunk_take(w->open);
      w->last->next = chunk;
      w->last = chunk;
      w->used = 0;
      continue;
    }
    memcpy(w->last->data + w->used, from, n);
    w->used += n;
    w->part->size += (uint32_t)n;
    from += n;
    len -= n;
  }
}

static inline void put(struct writer *w, const void *data, size_t len) {
  if (!w->last || len > sizeof w->last->data - w->used) {
    put_across(w, data, len);
    return;
  }
  memcpy(w->last->data + w->used, data, len);
  w->used += len;
  w->part->size += (uint32_t)len;
}

static struct tel_recent_part *finish(struct writer *w) {
  if (w->last || !w->part) return w->part;
  tel_recent_chunks_give(w->open->store, (struct tel_recent_chunk *)w->part);
  return NULL;
}

struct tel_recent_part *tel_recent_part_new(struct tel_recent_open *open, const void *data, size_t len,
                                            bool log) {
  struct writer w = begin(open, log);
  put(&w, data, len);
  return finish(&w);
}

/* --- Reading --- */

bool tel_recent_part_copy(const struct tel_recent_part *part, struct tel_arena *arena,
                          struct tel_recent_copy *out) {
  unsigned char *to = tel_arena_take(arena, part->size ? part->size : 1);
  if (!to) return false;
  *out = (struct tel_recent_copy){to, part->size, part->log};
  size_t left = part->size, skip = sizeof *part - sizeof(struct tel_recent_chunk *);
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

/* Allocates room for all attributes of a message; number is their field. */
static bool make_pairs(const struct wire_field *message, uint32_t number, struct tel_arena *arena,
                       struct tel_recent_pairs *pairs, struct tel_attribute **next) {
  uint32_t count = count_of(message, number);
  *next = tel_arena_take(arena, (count + 1) * sizeof **next);
  *pairs = (struct tel_recent_pairs){*next, count, 0};
  return *next != NULL;
}

static bool read_event(const struct wire_field *message, struct tel_arena *arena,
                       struct tel_recent_item *out) {
  struct wire_reader r = {message->bytes, message->bytes + message->len};
  struct wire_field field;
  struct tel_attribute *next;
  *out = (struct tel_recent_item){0};
  if (!make_pairs(message, 3, arena, &out->attributes, &next)) return false;
  while (wire_next(&r, &field)) {
    if (field.number == 1) out->unix_ns = field.value;
    if (field.number == 2 && !(out->name = tel_arena_text(arena, field.bytes, field.len))) return false;
    if (field.number == 3) tel_pair_read(field.bytes, field.len, next++);
    if (field.number == 4) out->attributes.dropped = (uint32_t)field.value;
  }
  return true;
}

static void read_id(const struct wire_field *field, uint8_t *id, size_t size) {
  memcpy(id, field->bytes, field->len < size ? field->len : size);
}

static bool read_link(const struct wire_field *message, struct tel_arena *arena,
                      struct tel_recent_item *out) {
  struct wire_reader r = {message->bytes, message->bytes + message->len};
  struct wire_field field;
  struct tel_attribute *next;
  *out = (struct tel_recent_item){0};
  if (!make_pairs(message, 4, arena, &out->attributes, &next)) return false;
  while (wire_next(&r, &field)) {
    if (field.number == 1) read_id(&field, out->context.trace_id, sizeof out->context.trace_id);
    if (field.number == 2) read_id(&field, out->context.span_id, sizeof out->context.span_id);
    if (field.number == 4) tel_pair_read(field.bytes, field.len, next++);
    if (field.number == 5) out->attributes.dropped = (uint32_t)field.value;
  }
  return true;
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

static bool read_field(const struct wire_field *field, struct tel_arena *arena, struct tel_recent_span *out) {
  switch (field->number) {
  case 1:
    read_id(field, out->trace_id, sizeof out->trace_id);
    break;
  case 2:
    read_id(field, out->span_id, sizeof out->span_id);
    break;
  case 4:
    read_id(field, out->parent_id, sizeof out->parent_id);
    out->has_parent = true;
    break;
  case 5:
    return (out->name = tel_arena_text(arena, field->bytes, field->len)) != NULL;
  case 6:
    out->kind = (enum tel_span_kind)field->value;
    break;
  case 7:
    out->start_unix_ns = field->value;
    break;
  case 8:
    out->end_unix_ns = field->value;
    break;
  case 10:
    out->attributes.dropped = (uint32_t)field->value;
    break;
  case 15:
    return read_status(field, arena, out);
  default:
    break;
  }
  return true;
}

bool tel_recent_span_decode(const struct tel_recent_copy *copy, struct tel_arena *arena,
                            struct tel_recent_span *out) {
  struct wire_reader whole = {copy->data, copy->data + copy->size}, r;
  struct wire_field span, field;
  struct tel_attribute *next;
  *out = (struct tel_recent_span){.name = "", .status_text = ""};
  if (!wire_next(&whole, &span)) return false;
  if (!make_pairs(&span, 9, arena, &out->attributes, &next) ||
      !read_items(&span, 11, arena, read_event, &out->events) ||
      !read_items(&span, 13, arena, read_link, &out->links))
    return false;
  for (r = (struct wire_reader){span.bytes, span.bytes + span.len}; wire_next(&r, &field);) {
    if (field.number == 9) tel_pair_read(field.bytes, field.len, next++);
    if (!read_field(&field, arena, out)) return false;
  }
  return true;
}
