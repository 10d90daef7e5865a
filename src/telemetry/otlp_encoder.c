#include "telemetry/otlp_encoder.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "telemetry/arena.h"
#include "telemetry/otlp.pb-c.h"
#include "telemetry/span.h"

enum {
  HAS_IS_REMOTE = 0x100,
  IS_REMOTE = 0x200,
  /* More than tags, lengths and fields of fixed size can take of each. */
  SPAN_OVERHEAD = 160,
  ITEM_OVERHEAD = 96,
  PAIR_OVERHEAD = 48
};

struct tel_otlp_encoder {
  const struct tel_attributes *resource;
  const char *scope_name, *scope_version;
  struct tel_arena arena;
  struct buf out;
  /* Of the request that is being made: */
  size_t bound; /* never below its encoded size: so that protobuf-c need not measure it before packing */
  bool failed;  /* no memory: what is built is not complete */
};

struct tel_otlp_encoder *tel_otlp_encoder_new(const struct tel_attributes *resource, const char *scope_name,
                                              const char *scope_version) {
  struct tel_otlp_encoder *encoder = calloc(1, sizeof *encoder);
  if (!encoder) return NULL;
  encoder->resource = resource;
  encoder->scope_name = scope_name;
  encoder->scope_version = scope_version;
  encoder->out = (struct buf)BUF_INIT(TEL_OTLP_REQUEST_LIMIT);
  return encoder;
}

void tel_otlp_encoder_free(struct tel_otlp_encoder *encoder) {
  if (!encoder) return;
  tel_arena_free(&encoder->arena);
  buf_free(&encoder->out);
  free(encoder);
}

static void *take(struct tel_otlp_encoder *encoder, size_t size) {
  void *memory = tel_arena_take(&encoder->arena, size);
  if (!memory) encoder->failed = true;
  return memory;
}

static ProtobufCBinaryData bytes(struct tel_otlp_encoder *encoder, const void *data, size_t len) {
  encoder->bound += len;
  /* protobuf-c only reads it. */
  return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
}

static ProtobufCBinaryData text(struct tel_otlp_encoder *encoder, const char *data, size_t len) {
  if (utf8_valid(data, len)) return bytes(encoder, data, len);
  char *repaired = take(encoder, 3 * len);
  return repaired ? bytes(encoder, repaired, utf8_repair(data, len, repaired)) : bytes(encoder, "", 0);
}

static uint8_t *put_varint(uint8_t *to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = (uint8_t)(value | 0x80);
  *to++ = (uint8_t)value;
  return to;
}

static uint8_t *put_bytes(uint8_t *to, uint8_t tag, const void *data, size_t len) {
  *to++ = tag;
  to = put_varint(to, len);
  if (len) memcpy(to, data, len); /* without memory data is NULL */
  return to + len;
}

/* What stands in front of a field on the wire: its number and its type. */
enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };
#define TAG(number, type) ((uint8_t)((number) << 3 | (type)))

/* AnyValue: string_value 1, bool_value 2, int_value 3, double_value 4. A text is whole and valid by now. */
static uint8_t *put_value(uint8_t *to, const struct tel_attribute *pair, ProtobufCBinaryData string) {
  switch (pair->type) {
  case TEL_STRING:
    return put_bytes(to, TAG(1, WIRE_BYTES), string.data, string.len);
  case TEL_BOOL:
    *to++ = TAG(2, WIRE_VARINT);
    *to++ = pair->value.integer != 0;
    return to;
  case TEL_INT:
    *to++ = TAG(3, WIRE_VARINT);
    return put_varint(to, (uint64_t)pair->value.integer);
  case TEL_DOUBLE: {
    uint64_t bits;
    memcpy(&bits, &pair->value.real, sizeof bits);
    *to++ = TAG(4, WIRE_FIXED64);
    for (int i = 0; i < 8; i++) *to++ = (uint8_t)(bits >> 8 * i);
    return to;
  }
  }
  return to;
}

static size_t varint_size(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) size++;
  return size;
}

/* KeyValue: key 1, value 2, whose length must be known before it is written. */
static ProtobufCBinaryData pack_pair(struct tel_otlp_encoder *encoder, const struct tel_attribute *pair) {
  ProtobufCBinaryData key = bytes(encoder, pair->key, pair->key_len), string = {0, NULL};
  size_t value_size = 2; /* of a bool */
  if (pair->type == TEL_STRING) {
    string = text(encoder, pair->value.string.data, pair->value.string.len);
    value_size = 1 + varint_size(string.len) + string.len;
  } else if (pair->type == TEL_INT) {
    value_size = 1 + varint_size((uint64_t)pair->value.integer);
  } else if (pair->type == TEL_DOUBLE) {
    value_size = 9;
  }
  encoder->bound += PAIR_OVERHEAD;
  uint8_t *memory = take(encoder, key.len + value_size + PAIR_OVERHEAD);
  if (!memory) return string;
  uint8_t *to = put_bytes(memory, TAG(1, WIRE_BYTES), key.data, key.len);
  *to++ = TAG(2, WIRE_BYTES);
  to = put_value(put_varint(to, value_size), pair, string);
  return (ProtobufCBinaryData){(size_t)(to - memory), memory};
}

/* The list of pairs; *count is 0 if there is no memory. */
static ProtobufCBinaryData *pairs(struct tel_otlp_encoder *encoder, const struct tel_attributes *attributes,
                                  size_t *count) {
  ProtobufCBinaryData *list = take(encoder, attributes->count * sizeof *list);
  *count = 0;
  if (!list) return NULL;
  for (uint32_t i = 0; i < attributes->count; i++) list[i] = pack_pair(encoder, &attributes->items[i]);
  *count = attributes->count;
  return list;
}

static void fill_events(struct tel_otlp_encoder *encoder, const struct tel_span_items *events,
                        Tel__Otlp__Span *message) {
  Tel__Otlp__Event **list = take(encoder, events->count * sizeof *list);
  Tel__Otlp__Event *memory = take(encoder, events->count * sizeof *memory);
  if (!list || !memory) return;
  for (const struct tel_span_item *item = events->first; item; item = item->next, memory++) {
    encoder->bound += ITEM_OVERHEAD;
    tel__otlp__event__init(memory);
    memory->time_unix_nano = item->unix_ns;
    memory->name = text(encoder, item->name, strlen(item->name));
    memory->attributes = pairs(encoder, &item->attributes, &memory->n_attributes);
    memory->dropped_attributes_count = item->attributes.dropped;
    list[message->n_events++] = memory;
  }
  message->events = list;
}

static uint32_t flags(uint8_t w3c, bool remote) {
  return w3c | HAS_IS_REMOTE | (remote ? IS_REMOTE : 0u);
}

static void fill_links(struct tel_otlp_encoder *encoder, const struct tel_span_items *links,
                       Tel__Otlp__Span *message) {
  Tel__Otlp__Link **list = take(encoder, links->count * sizeof *list);
  Tel__Otlp__Link *memory = take(encoder, links->count * sizeof *memory);
  if (!list || !memory) return;
  for (const struct tel_span_item *item = links->first; item; item = item->next, memory++) {
    encoder->bound += ITEM_OVERHEAD;
    tel__otlp__link__init(memory);
    memory->trace_id = bytes(encoder, item->context.trace_id, sizeof item->context.trace_id);
    memory->span_id = bytes(encoder, item->context.span_id, sizeof item->context.span_id);
    memory->attributes = pairs(encoder, &item->attributes, &memory->n_attributes);
    memory->dropped_attributes_count = item->attributes.dropped;
    memory->flags = flags(item->context.flags, item->context.remote);
    list[message->n_links++] = memory;
  }
  message->links = list;
}

static void fill_status(struct tel_otlp_encoder *encoder, const struct tel_span *span,
                        Tel__Otlp__Span *message) {
  if (span->status == TEL_STATUS_UNSET) return;
  if (!(message->status = take(encoder, sizeof *message->status))) return;
  tel__otlp__status__init(message->status);
  message->status->code = (int32_t)span->status;
  message->status->message = text(encoder, span->status_text, strlen(span->status_text));
}

static void fill_span(struct tel_otlp_encoder *encoder, const struct tel_span *span,
                      Tel__Otlp__Span *message) {
  encoder->bound += SPAN_OVERHEAD;
  tel__otlp__span__init(message);
  message->trace_id = bytes(encoder, span->context.trace_id, sizeof span->context.trace_id);
  message->span_id = bytes(encoder, span->context.span_id, sizeof span->context.span_id);
  message->trace_state = text(encoder, span->state, strlen(span->state));
  if (span->has_parent) message->parent_span_id = bytes(encoder, span->parent_id, sizeof span->parent_id);
  message->name = text(encoder, span->name, strlen(span->name));
  message->kind = (int32_t)span->kind;
  message->start_time_unix_nano = span->start_unix_ns;
  message->end_time_unix_nano = span->end_unix_ns;
  message->attributes = pairs(encoder, &span->attributes, &message->n_attributes);
  message->dropped_attributes_count = span->attributes.dropped;
  if (span->events.count) fill_events(encoder, &span->events, message);
  message->dropped_events_count = span->events.dropped;
  if (span->links.count) fill_links(encoder, &span->links, message);
  message->dropped_links_count = span->links.dropped;
  fill_status(encoder, span, message);
  message->flags = flags(span->context.flags, span->parent_remote);
}

static Tel__Otlp__Span **fill_spans(struct tel_otlp_encoder *encoder, const struct tel_span *const *spans,
                                    size_t count) {
  Tel__Otlp__Span **list = take(encoder, count * sizeof *list);
  Tel__Otlp__Span *memory = take(encoder, count * sizeof *memory);
  if (!list || !memory) return NULL;
  for (size_t i = 0; i < count; i++) {
    fill_span(encoder, spans[i], &memory[i]);
    list[i] = &memory[i];
  }
  return list;
}

int tel_otlp_encode(struct tel_otlp_encoder *encoder, const struct tel_span *const *spans, size_t count,
                    const struct buf **out) {
  Tel__Otlp__ExportRequest request = TEL__OTLP__EXPORT_REQUEST__INIT;
  Tel__Otlp__ResourceSpans resource_spans = TEL__OTLP__RESOURCE_SPANS__INIT, *resource_list = &resource_spans;
  Tel__Otlp__Resource resource = TEL__OTLP__RESOURCE__INIT;
  Tel__Otlp__ScopeSpans scope_spans = TEL__OTLP__SCOPE_SPANS__INIT, *scope_list = &scope_spans;
  Tel__Otlp__Scope scope = TEL__OTLP__SCOPE__INIT;
  tel_arena_reset(&encoder->arena);
  buf_reset(&encoder->out);
  encoder->bound = 3 * SPAN_OVERHEAD; /* what is around the spans */
  encoder->failed = false;

  resource.attributes = pairs(encoder, encoder->resource, &resource.n_attributes);
  scope.name = bytes(encoder, encoder->scope_name, strlen(encoder->scope_name));
  scope.version = bytes(encoder, encoder->scope_version, strlen(encoder->scope_version));
  scope_spans.scope = &scope;
  scope_spans.n_spans = count;
  scope_spans.spans = fill_spans(encoder, spans, count);
  resource_spans.resource = &resource;
  resource_spans.n_scope_spans = 1;
  resource_spans.scope_spans = &scope_list;
  request.n_resource_spans = 1;
  request.resource_spans = &resource_list;
  if (encoder->failed) return TEL_E_MEMORY;
  if (encoder->bound > TEL_OTLP_REQUEST_LIMIT) return TEL_E_FULL;
  char *to = buf_reserve(&encoder->out, encoder->bound);
  if (!to) return TEL_E_MEMORY;
  encoder->out.len = tel__otlp__export_request__pack(&request, (uint8_t *)to);
  *out = &encoder->out;
  return TEL_OK;
}

bool tel_otlp_decode_response(const void *data, size_t len, uint64_t *rejected, char *message, size_t size) {
  Tel__Otlp__ExportResponse *response = tel__otlp__export_response__unpack(NULL, len, data);
  *rejected = 0;
  message[0] = '\0';
  if (!response) return false;
  const Tel__Otlp__PartialSuccess *partial = response->partial_success;
  if (partial) {
    size_t keep = partial->error_message.len < size ? partial->error_message.len : size - 1;
    if (partial->rejected_spans > 0) *rejected = (uint64_t)partial->rejected_spans;
    for (size_t i = 0; i < keep; i++) {
      uint8_t c = partial->error_message.data[i];
      message[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    message[keep] = '\0';
  }
  tel__otlp__export_response__free_unpacked(response, NULL);
  return true;
}
