/* SPDX-License-Identifier: MIT */
#include "base/buf_json.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "telemetry/recent/recent.h"

static void put_ms(struct buf *out, const char *name, uint64_t ns) {
  buf_json_key(out, name);
  buf_json_double(out, (double)ns / CLOCK_NS_PER_MS);
}

static void put_summary(struct buf *out, const struct tel_recent_summary *summary) {
  char start[TIMESTAMP_MAX];
  buf_putc(out, '{');
  buf_json_member_hex(out, "trace_id", summary->trace_id, sizeof summary->trace_id);
  buf_json_member_text(out, "name", summary->name);
  buf_json_member_text(out, "method", summary->method);
  buf_json_member_text(out, "route", summary->route);
  buf_json_member_u64(out, "status", summary->status);
  buf_json_member_text(out, "outcome", summary->error ? "error" : "ok");
  if (*summary->error_type) buf_json_member_text(out, "error_type", summary->error_type);
  buf_json_key(out, "start");
  buf_json_string(out, start, (size_t)(timestamp_write(start, summary->start_unix_ns, 9) - start));
  put_ms(out, "duration_ms", summary->duration_ns);
  buf_json_member_u64(out, "spans", summary->spans);
  buf_putc(out, '}');
}

void tel_recent_list_json(const struct tel_recent_list *list, struct buf *out) {
  buf_putc(out, '{');
  buf_json_member_u64(out, "capacity_bytes", list->capacity_bytes);
  buf_json_member_u64(out, "held_bytes", list->held_bytes);
  buf_json_key(out, "traces");
  buf_putc(out, '[');
  for (size_t i = 0; i < list->count; i++) {
    buf_json_item(out);
    put_summary(out, &list->items[i]);
  }
  buf_puts(out, "]}");
}

const char *const tel_recent_kind_words[] = {"", "internal", "server", "client"};
const char *const tel_recent_status_words[] = {"unset", "ok", "error"};

void tel_recent_json_value(struct buf *out, const struct tel_attribute *pair) {
  switch (pair->type) {
  case TEL_STRING:
    buf_json_string(out, pair->value.string.data, pair->value.string.len);
    break;
  case TEL_BOOL:
    buf_puts(out, pair->value.integer ? "true" : "false");
    break;
  case TEL_INT:
    buf_put_i64(out, pair->value.integer);
    break;
  case TEL_DOUBLE:
    buf_json_double(out, pair->value.real);
    break;
  }
}

void tel_recent_json_attributes(struct buf *out, const struct tel_recent_pairs *attributes) {
  buf_json_key(out, "attributes");
  buf_putc(out, '{');
  for (uint32_t i = 0; i < attributes->count; i++) {
    const struct tel_attribute *pair = &attributes->items[i];
    buf_json_item(out);
    buf_json_string(out, pair->key, pair->key_len);
    buf_putc(out, ':');
    tel_recent_json_value(out, pair);
  }
  buf_putc(out, '}');
}

void tel_recent_json_items(struct buf *out, const char *name, const struct tel_recent_items *items,
                           const struct tel_recent_trace *trace) {
  buf_json_key(out, name);
  buf_putc(out, '[');
  for (uint32_t i = 0; i < items->count; i++) {
    const struct tel_recent_item *item = &items->items[i];
    buf_json_item(out);
    buf_putc(out, '{');
    if (item->name) {
      buf_json_member_text(out, "name", item->name);
      buf_json_member_u64(out, trace ? "time_unix_nano" : "unix_ns", item->unix_ns);
      uint64_t start = trace ? trace->start_unix_ns : 0;
      if (trace) put_ms(out, "offset_ms", item->unix_ns > start ? item->unix_ns - start : 0);
    } else {
      buf_json_member_hex(out, "trace_id", item->context.trace_id, sizeof item->context.trace_id);
      buf_json_member_hex(out, "span_id", item->context.span_id, sizeof item->context.span_id);
    }
    tel_recent_json_attributes(out, &item->attributes);
    buf_putc(out, '}');
  }
  buf_putc(out, ']');
}

static void put_span(struct buf *out, const struct tel_recent_trace *trace,
                     const struct tel_recent_span *span) {
  buf_putc(out, '{');
  buf_json_member_hex(out, "span_id", span->span_id, sizeof span->span_id);
  if (span->has_parent) {
    buf_json_member_hex(out, "parent_span_id", span->parent_id, sizeof span->parent_id);
  } else {
    buf_json_key(out, "parent_span_id");
    buf_puts(out, "null");
  }
  buf_json_member_text(out, "name", span->name);
  buf_json_member_text(out, "kind", tel_recent_kind_words[span->kind]);
  buf_json_member_u64(out, "start_time_unix_nano", span->start_unix_ns);
  buf_json_member_u64(out, "end_time_unix_nano", span->end_unix_ns);
  put_ms(out, "offset_ms", span->start_unix_ns - trace->start_unix_ns);
  put_ms(out, "duration_ms", span->end_unix_ns - span->start_unix_ns);
  buf_json_key(out, "status");
  buf_putc(out, '{');
  buf_json_member_text(out, "code", tel_recent_status_words[span->status]);
  buf_json_member_text(out, "message", span->status_text);
  buf_putc(out, '}');
  tel_recent_json_attributes(out, &span->attributes);
  tel_recent_json_items(out, "events", &span->events, trace);
  tel_recent_json_items(out, "links", &span->links, trace);
  buf_putc(out, '}');
}

void tel_recent_trace_json(const struct tel_recent_trace *trace, struct buf *out) {
  buf_putc(out, '{');
  buf_json_member_hex(out, "trace_id", trace->trace_id, sizeof trace->trace_id);
  buf_json_key(out, "spans");
  buf_putc(out, '[');
  for (size_t i = 0; i < trace->span_count; i++) {
    buf_json_item(out);
    put_span(out, trace, &trace->spans[i]);
  }
  buf_putc(out, ']');
  buf_json_key(out, "log");
  buf_putc(out, '[');
  for (size_t i = 0; i < trace->log_count; i++) {
    buf_json_item(out);
    buf_puts(out, trace->log[i]);
  }
  buf_puts(out, "]}");
}
