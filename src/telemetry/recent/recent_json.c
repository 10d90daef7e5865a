#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "telemetry/core/attributes_json.h"
#include "telemetry/recent/recent.h"

static void put_text(struct buf *out, const char *text) {
  tel_json_string(out, text, strlen(text));
}

/* A member behind others. */
static void put_key(struct buf *out, const char *name) {
  buf_puts(out, ",\"");
  buf_puts(out, name);
  buf_puts(out, "\":");
}

static void put_id(struct buf *out, const uint8_t *id, size_t len) {
  buf_putc(out, '"');
  buf_put_hex(out, id, len);
  buf_putc(out, '"');
}

static void put_ms(struct buf *out, const char *name, uint64_t ns) {
  put_key(out, name);
  buf_put_double(out, (double)ns / CLOCK_NS_PER_MS);
}

static void put_nano(struct buf *out, const char *name, uint64_t unix_ns) {
  put_key(out, name);
  buf_put_u64(out, unix_ns);
}

static void put_time(struct buf *out, uint64_t unix_ns) {
  char text[sizeof "2026-01-02T03:04:05.123456789Z"], date[sizeof "2026-01-02T03:04:05"];
  time_t second = (time_t)(unix_ns / CLOCK_NS_PER_S);
  struct tm tm;
  gmtime_r(&second, &tm);
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
  snprintf(text, sizeof text, "%s.%09uZ", date, (unsigned)(unix_ns % CLOCK_NS_PER_S));
  put_text(out, text);
}

static void put_summary(struct buf *out, const struct tel_recent_summary *summary) {
  buf_puts(out, "{\"trace_id\":");
  put_id(out, summary->trace_id, sizeof summary->trace_id);
  put_key(out, "name");
  put_text(out, summary->name);
  put_key(out, "method");
  put_text(out, summary->method);
  put_key(out, "route");
  put_text(out, summary->route);
  put_key(out, "status");
  buf_put_u64(out, summary->status);
  put_key(out, "outcome");
  put_text(out, summary->error ? "error" : "ok");
  if (*summary->error_type) {
    put_key(out, "error_type");
    put_text(out, summary->error_type);
  }
  put_key(out, "start");
  put_time(out, summary->start_unix_ns);
  put_ms(out, "duration_ms", summary->duration_ns);
  put_key(out, "spans");
  buf_put_u64(out, summary->spans);
  buf_putc(out, '}');
}

void tel_recent_list_json(const struct tel_recent_list *list, struct buf *out) {
  buf_puts(out, "{\"capacity_bytes\":");
  buf_put_u64(out, list->capacity_bytes);
  put_key(out, "held_bytes");
  buf_put_u64(out, list->held_bytes);
  put_key(out, "traces");
  buf_putc(out, '[');
  for (size_t i = 0; i < list->count; i++) {
    if (i) buf_putc(out, ',');
    put_summary(out, &list->items[i]);
  }
  buf_puts(out, "]}");
}

static void put_attributes(struct buf *out, const struct tel_recent_pairs *pairs) {
  put_key(out, "attributes");
  tel_json_attributes(out, pairs->items, pairs->count);
}

static void put_items(struct buf *out, const char *name, const struct tel_recent_items *items,
                      uint64_t start_unix_ns) {
  put_key(out, name);
  buf_putc(out, '[');
  for (uint32_t i = 0; i < items->count; i++) {
    const struct tel_recent_item *item = &items->items[i];
    if (i) buf_putc(out, ',');
    if (item->name) {
      buf_puts(out, "{\"name\":");
      put_text(out, item->name);
      put_nano(out, "time_unix_nano", item->unix_ns);
      put_ms(out, "offset_ms", item->unix_ns > start_unix_ns ? item->unix_ns - start_unix_ns : 0);
    } else {
      buf_puts(out, "{\"trace_id\":");
      put_id(out, item->context.trace_id, sizeof item->context.trace_id);
      put_key(out, "span_id");
      put_id(out, item->context.span_id, sizeof item->context.span_id);
    }
    put_attributes(out, &item->attributes);
    buf_putc(out, '}');
  }
  buf_putc(out, ']');
}

static void put_span(struct buf *out, const struct tel_recent_trace *trace,
                     const struct tel_recent_span *span) {
  static const char *const kinds[] = {"", "internal", "server", "client"};
  static const char *const statuses[] = {"unset", "ok", "error"};
  static const uint8_t none[sizeof span->parent_id];
  buf_puts(out, "{\"span_id\":");
  put_id(out, span->span_id, sizeof span->span_id);
  put_key(out, "parent_span_id");
  if (memcmp(span->parent_id, none, sizeof none) == 0)
    buf_puts(out, "null");
  else
    put_id(out, span->parent_id, sizeof span->parent_id);
  put_key(out, "name");
  put_text(out, span->name);
  put_key(out, "kind");
  put_text(out, kinds[span->kind]);
  put_nano(out, "start_time_unix_nano", span->start_unix_ns);
  put_nano(out, "end_time_unix_nano", span->end_unix_ns);
  put_ms(out, "offset_ms", span->start_unix_ns - trace->start_unix_ns);
  put_ms(out, "duration_ms", span->end_unix_ns - span->start_unix_ns);
  put_key(out, "status");
  buf_puts(out, "{\"code\":");
  put_text(out, statuses[span->status]);
  put_key(out, "message");
  put_text(out, span->status_text);
  buf_putc(out, '}');
  put_attributes(out, &span->attributes);
  put_items(out, "events", &span->events, trace->start_unix_ns);
  put_items(out, "links", &span->links, trace->start_unix_ns);
  buf_putc(out, '}');
}

void tel_recent_trace_json(const struct tel_recent_trace *trace, struct buf *out) {
  buf_puts(out, "{\"trace_id\":");
  put_id(out, trace->trace_id, sizeof trace->trace_id);
  put_key(out, "spans");
  buf_putc(out, '[');
  for (size_t i = 0; i < trace->span_count; i++) {
    if (i) buf_putc(out, ',');
    put_span(out, trace, &trace->spans[i]);
  }
  buf_putc(out, ']');
  put_key(out, "log");
  buf_putc(out, '[');
  for (size_t i = 0; i < trace->log_count; i++) {
    if (i) buf_putc(out, ',');
    buf_puts(out, trace->log[i]);
  }
  buf_puts(out, "]}");
}
