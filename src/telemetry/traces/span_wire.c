/* SPDX-License-Identifier: MIT */
/* Encodes an ended span in OTLP. Its attributes were encoded when they were set. Fields of fixed size go
 * before them, the rest after them. */
#include <string.h>

#include "base/utf8.h"
#include "telemetry/core/attributes_private.h"
#include "telemetry/traces/span.h"

enum {
  HAS_IS_REMOTE = 0x100,
  IS_REMOTE = 0x200,
  NUMBERS = 64, /* more than the tags, lengths and numbers of a tail or an item */
  /* Tags of ScopeSpans, Span, Event, Link and Status. */
  SPAN = WIRE_TAG(2, WIRE_BYTES),
  TRACE_ID = WIRE_TAG(1, WIRE_BYTES),
  SPAN_ID = WIRE_TAG(2, WIRE_BYTES),
  TRACE_STATE = WIRE_TAG(3, WIRE_BYTES),
  PARENT_ID = WIRE_TAG(4, WIRE_BYTES),
  NAME = WIRE_TAG(5, WIRE_BYTES),
  KIND = WIRE_TAG(6, WIRE_VARINT),
  START = WIRE_TAG(7, WIRE_FIXED64),
  END = WIRE_TAG(8, WIRE_FIXED64),
  DROPPED_ATTRIBUTES = WIRE_TAG(10, WIRE_VARINT),
  EVENT = WIRE_TAG(11, WIRE_BYTES),
  DROPPED_EVENTS = WIRE_TAG(12, WIRE_VARINT),
  LINK = WIRE_TAG(13, WIRE_BYTES),
  DROPPED_LINKS = WIRE_TAG(14, WIRE_VARINT),
  STATUS = WIRE_TAG(15, WIRE_BYTES),
  EVENT_TIME = WIRE_TAG(1, WIRE_FIXED64),
  EVENT_NAME = WIRE_TAG(2, WIRE_BYTES),
  EVENT_DROPPED = WIRE_TAG(4, WIRE_VARINT),
  LINK_DROPPED = WIRE_TAG(5, WIRE_VARINT),
  LINK_FLAGS = WIRE_TAG(6, WIRE_FIXED32),
  STATUS_MESSAGE = WIRE_TAG(2, WIRE_BYTES),
  STATUS_CODE = WIRE_TAG(3, WIRE_VARINT)
};

/* Field 16 has a tag of two bytes. */
static uint8_t *put_span_flags(uint8_t *to, uint32_t flags) {
  *to++ = 0x80 | (16 << 3 & 0x7f) | WIRE_FIXED32;
  *to++ = 16 >> 4;
  return wire_put_fixed32(to, flags);
}

static uint32_t flags(uint8_t w3c, bool remote) {
  return w3c | HAS_IS_REMOTE | (remote ? IS_REMOTE : 0u);
}

static size_t text_bound(size_t len) {
  return 2 * (WIRE_VARINT_MAX + 1) + 3 * len;
}

static uint8_t *put_text(uint8_t *to, uint8_t tag, const char *text, size_t len) {
  uint8_t *start = to;
  *to++ = tag;
  to = wire_put_varint(to, len);
  if (tel_copy_ascii(to, text, len) || utf8_valid(text, len)) return to + len;
  uint8_t *repaired = start + WIRE_VARINT_MAX + 1;
  len = utf8_repair(text, len, (char *)repaired);
  to = wire_put_varint(start + 1, len);
  memmove(to, repaired, len);
  return to + len;
}

static uint8_t *put_count(uint8_t *to, uint8_t tag, uint32_t count) {
  if (count == 0) return to;
  *to++ = tag;
  return wire_put_varint(to, count);
}

/* Puts tag, length and head before the pairs. tail: the number of bytes after them. */
static struct tel_wire finish(struct tel_attributes *a, uint8_t tag, const uint8_t *head, size_t head_size,
                              size_t tail) {
  size_t size = head_size + tel_attributes_pairs_size(a) + tail;
  uint8_t *at = a->bytes + a->start - head_size - wire_varint_size(size) - 1, *to = at;
  *to++ = tag;
  to = wire_put_varint(to, size);
  memcpy(to, head, head_size);
  return (struct tel_wire){at, (size_t)(to - at) + size};
}

static bool seal_event(struct tel_span_item *item) {
  struct tel_attributes *a = &item->attributes;
  uint8_t head[TEL_ITEM_ROOM], *to = head;
  size_t len = strlen(item->name);
  uint8_t *tail = tel_attributes_reserve(a, text_bound(len) + NUMBERS);
  if (!tail) return false;
  *to++ = EVENT_TIME;
  to = wire_put_fixed64(to, item->unix_ns);
  uint8_t *end = put_count(put_text(tail, EVENT_NAME, item->name, len), EVENT_DROPPED, a->dropped);
  item->wire = finish(a, EVENT, head, (size_t)(to - head), (size_t)(end - tail));
  return true;
}

static bool seal_link(struct tel_span_item *item) {
  struct tel_attributes *a = &item->attributes;
  const struct tel_context *context = &item->context;
  uint8_t head[TEL_ITEM_ROOM], *to = head;
  uint8_t *tail = tel_attributes_reserve(a, NUMBERS);
  if (!tail) return false;
  to = wire_put_bytes(to, TRACE_ID, context->trace_id, sizeof context->trace_id);
  to = wire_put_bytes(to, SPAN_ID, context->span_id, sizeof context->span_id);
  *to++ = LINK_FLAGS;
  to = wire_put_fixed32(to, flags(context->flags, context->remote));
  uint8_t *end = put_count(tail, LINK_DROPPED, a->dropped);
  item->wire = finish(a, LINK, head, (size_t)(to - head), (size_t)(end - tail));
  return true;
}

/* Seals the items and adds their sizes. Returns false when out of memory. */
static bool seal_items(struct tel_span_items *items, bool (*seal)(struct tel_span_item *item), size_t *size) {
  for (struct tel_span_item *item = items->first; item; item = item->next) {
    if (!seal(item)) return false;
    *size += item->wire.len;
  }
  return true;
}

static uint8_t *put_items(uint8_t *to, const struct tel_span_items *items) {
  for (const struct tel_span_item *item = items->first; item; item = item->next)
    to = wire_put_raw(to, item->wire.data, item->wire.len);
  return to;
}

static uint8_t *put_status(uint8_t *to, const struct tel_span *span) {
  uint8_t status[3 * TEL_SPAN_STATUS_SIZE + NUMBERS], *end = status;
  if (span->status == TEL_STATUS_UNSET) return to;
  if (span->status_text[0]) end = put_text(end, STATUS_MESSAGE, span->status_text, strlen(span->status_text));
  *end++ = STATUS_CODE;
  *end++ = (uint8_t)span->status;
  return wire_put_bytes(to, STATUS, status, (size_t)(end - status));
}

static size_t put_head(uint8_t *head, const struct tel_span *span) {
  uint8_t *to = wire_put_bytes(head, TRACE_ID, span->context.trace_id, sizeof span->context.trace_id);
  to = wire_put_bytes(to, SPAN_ID, span->context.span_id, sizeof span->context.span_id);
  if (span->has_parent) to = wire_put_bytes(to, PARENT_ID, span->parent_id, sizeof span->parent_id);
  *to++ = KIND;
  *to++ = (uint8_t)span->kind;
  *to++ = START;
  to = wire_put_fixed64(to, span->start_unix_ns);
  *to++ = END;
  to = wire_put_fixed64(to, span->end_unix_ns);
  return (size_t)(put_span_flags(to, flags(span->context.flags, span->parent_remote)) - head);
}

bool tel_span_seal(struct tel_span *span) {
  struct tel_attributes *a = &span->attributes;
  uint8_t head[TEL_SPAN_ROOM];
  size_t name = strlen(span->name), state = strlen(span->state);
  size_t room = NUMBERS + text_bound(name) + text_bound(state);
  if (span->status_text[0]) room += 3 * TEL_SPAN_STATUS_SIZE;
  if (!seal_items(&span->events, seal_event, &room) || !seal_items(&span->links, seal_link, &room))
    return false;
  uint8_t *tail = tel_attributes_reserve(a, room);
  if (!tail) return false;
  uint8_t *to = put_text(tail, NAME, span->name, name);
  if (state) to = put_text(to, TRACE_STATE, span->state, state);
  to = put_count(to, DROPPED_ATTRIBUTES, a->dropped);
  to = put_items(to, &span->events);
  to = put_count(to, DROPPED_EVENTS, span->events.dropped);
  to = put_items(to, &span->links);
  to = put_count(to, DROPPED_LINKS, span->links.dropped);
  to = put_status(to, span);
  span->wire = finish(a, SPAN, head, put_head(head, span), (size_t)(to - tail));
  return true;
}
