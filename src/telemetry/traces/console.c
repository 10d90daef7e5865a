#include "telemetry/traces/console.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "telemetry/core/attributes_json.h"
#include "telemetry/recent/recent_part.h"

enum { LIMIT = 64 * 1024 * 1024 };

struct console {
  _Atomic uint64_t stop_deadline; /* UINT64_MAX until then */
};

static void put_member(struct buf *out, const char *name) {
  buf_puts(out, ",\"");
  buf_puts(out, name);
  buf_puts(out, "\":");
}

static void put_attributes(struct buf *out, const struct tel_recent_pairs *attributes) {
  put_member(out, "attributes");
  tel_json_attributes(out, attributes->items, attributes->count);
}

static void put_id(struct buf *out, const char *name, const uint8_t *id, size_t len) {
  put_member(out, name);
  buf_putc(out, '"');
  buf_put_hex(out, id, len);
  buf_putc(out, '"');
}

static void put_number(struct buf *out, const char *name, uint64_t number) {
  put_member(out, name);
  buf_put_u64(out, number);
}

static void put_items(struct buf *out, const char *name, const struct tel_recent_items *items) {
  put_member(out, name);
  buf_putc(out, '[');
  for (uint32_t i = 0; i < items->count; i++) {
    const struct tel_recent_item *item = &items->items[i];
    if (i) buf_putc(out, ',');
    if (item->name) {
      buf_puts(out, "{\"name\":");
      tel_json_string(out, item->name, strlen(item->name));
      put_number(out, "unix_ns", item->unix_ns);
    } else {
      buf_puts(out, "{\"trace_id\":\"");
      buf_put_hex(out, item->context.trace_id, sizeof item->context.trace_id);
      buf_putc(out, '"');
      put_id(out, "span_id", item->context.span_id, sizeof item->context.span_id);
    }
    put_attributes(out, &item->attributes);
    buf_putc(out, '}');
  }
  buf_putc(out, ']');
}

bool tel_console_format(const struct tel_wire *wire, struct tel_arena *arena, struct buf *out) {
  static const char *const kinds[] = {"", "internal", "server", "client"};
  static const char *const statuses[] = {"unset", "ok", "error"};
  static const uint8_t none[8];
  const struct tel_recent_copy copy = {wire->data, wire->len, false};
  struct tel_recent_span span;
  tel_arena_reset(arena);
  if (!tel_recent_span_decode(&copy, arena, &span)) return false;
  buf_puts(out, "{\"span\":");
  tel_json_string(out, span.name, strlen(span.name));
  put_id(out, "trace_id", span.trace_id, sizeof span.trace_id);
  put_id(out, "span_id", span.span_id, sizeof span.span_id);
  if (memcmp(span.parent_id, none, sizeof none) != 0)
    put_id(out, "parent_id", span.parent_id, sizeof span.parent_id);
  put_member(out, "kind");
  tel_json_string(out, kinds[span.kind], strlen(kinds[span.kind]));
  put_number(out, "start_unix_ns", span.start_unix_ns);
  put_number(out, "duration_ns", span.end_unix_ns - span.start_unix_ns);
  put_member(out, "status");
  tel_json_string(out, statuses[span.status], strlen(statuses[span.status]));
  if (span.status_text[0]) {
    put_member(out, "status_message");
    tel_json_string(out, span.status_text, strlen(span.status_text));
  }
  put_attributes(out, &span.attributes);
  if (span.events.count) put_items(out, "events", &span.events);
  if (span.links.count) put_items(out, "links", &span.links);
  buf_puts(out, "}\n");
  return !buf_failed(out);
}

static int write_all(const char *data, size_t len) {
  while (len > 0) {
    ssize_t written = write(STDOUT_FILENO, data, len);
    if (written < 0 && errno != EINTR) return -1;
    if (written < 0) continue;
    data += written;
    len -= (size_t)written;
  }
  return 0;
}

static bool is_late(const struct console *console, uint64_t deadline, struct tel_export_result *result) {
  uint64_t now = clock_mono_ns();
  if (now < deadline && now < atomic_load(&console->stop_deadline)) return false;
  if (now < deadline) result->reason = TEL_DROP_SHUTDOWN;
  snprintf(result->text, sizeof result->text, "standard output: its reader is too slow");
  return true;
}

/* A line is written as soon as it is made: whole or not at all. */
static void export(void *cls, const struct tel_wire *spans, size_t count, uint64_t deadline,
                   struct tel_export_result *result) {
  struct buf line = BUF_INIT(LIMIT);
  struct tel_arena arena = {0};
  for (size_t i = 0; i < count && !is_late(cls, deadline, result); i++) {
    buf_reset(&line);
    if (!tel_console_format(&spans[i], &arena, &line)) {
      result->reason = TEL_DROP_MEMORY;
      snprintf(result->text, sizeof result->text, "out of memory");
    } else if (write_all(line.data, line.len) == 0) {
      result->delivered++;
    } else {
      snprintf(result->text, sizeof result->text, "standard output: %s", strerror(errno));
    }
  }
  buf_free(&line);
  tel_arena_free(&arena);
}

static void stop(void *cls, uint64_t deadline) {
  atomic_store(&((struct console *)cls)->stop_deadline, deadline);
}

int tel_console_exporter_new(struct tel_exporter *out) {
  struct console *console = malloc(sizeof *console);
  if (!console) return TEL_E_MEMORY;
  atomic_init(&console->stop_deadline, UINT64_MAX);
  *out = (struct tel_exporter){export, stop, free, console};
  return TEL_OK;
}
