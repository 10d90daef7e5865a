/* SPDX-License-Identifier: MIT */
#include "telemetry/traces/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf_json.h"
#include "base/clock.h"
#include "base/file.h"
#include "telemetry/core/stdout_turn.h"
#include "telemetry/recent/recent_part.h"

enum { LIMIT = 64 * 1024 * 1024 };

struct console {
  bool open; /* if not, the next file or socket of the program gets the number of standard output */
  _Atomic uint64_t stop_deadline; /* UINT64_MAX until then */
};

bool tel_console_format(const struct tel_wire *wire, struct tel_arena *arena, struct buf *out) {
  const struct tel_recent_copy copy = {wire->data, wire->len, false};
  struct tel_recent_span span;
  tel_arena_reset(arena);
  if (!tel_recent_span_decode(&copy, arena, &span)) return false;
  buf_putc(out, '{');
  buf_json_member_text(out, "span", span.name);
  buf_json_member_hex(out, "trace_id", span.trace_id, sizeof span.trace_id);
  buf_json_member_hex(out, "span_id", span.span_id, sizeof span.span_id);
  if (span.has_parent) buf_json_member_hex(out, "parent_id", span.parent_id, sizeof span.parent_id);
  buf_json_member_text(out, "kind", tel_recent_kind_words[span.kind]);
  buf_json_member_u64(out, "start_unix_ns", span.start_unix_ns);
  buf_json_member_u64(out, "duration_ns", span.end_unix_ns - span.start_unix_ns);
  buf_json_member_text(out, "status", tel_recent_status_words[span.status]);
  if (span.status_text[0]) buf_json_member_text(out, "status_message", span.status_text);
  tel_recent_json_attributes(out, &span.attributes);
  if (span.events.count) tel_recent_json_items(out, "events", &span.events, NULL);
  if (span.links.count) tel_recent_json_items(out, "links", &span.links, NULL);
  buf_puts(out, "}\n");
  return !buf_failed(out);
}

/* An export that writes lines. */
struct writing {
  const struct console *console;
  uint64_t deadline;
  struct tel_export_result *result;
};

static bool is_late(void *cls) {
  const struct writing *writing = cls;
  uint64_t now = clock_mono_ns();
  if (now < writing->deadline && now < atomic_load(&writing->console->stop_deadline)) return false;
  if (now < writing->deadline) writing->result->reason = TEL_DROP_SHUTDOWN;
  snprintf(writing->result->text, sizeof writing->result->text, "standard output: its reader is too slow");
  return true;
}

static void write_line(const struct console *console, const struct buf *line,
                       struct tel_export_result *result) {
  errno = EBADF;
  if (console->open && file_write(STDOUT_FILENO, line->data, line->len) == line->len)
    result->delivered++;
  else
    snprintf(result->text, sizeof result->text, "standard output: %s", strerror(errno));
}

/* Each line is written as soon as it is complete. */
static void export(void *cls, const struct tel_wire *spans, size_t count, uint64_t deadline,
                   struct tel_export_result *result) {
  struct buf line = BUF_INIT(LIMIT);
  struct tel_arena arena = {0};
  struct writing writing = {cls, deadline, result};
  for (size_t i = 0; i < count && !is_late(&writing); i++) {
    buf_reset(&line);
    if (!tel_console_format(&spans[i], &arena, &line)) {
      result->reason = TEL_DROP_MEMORY;
      snprintf(result->text, sizeof result->text, "out of memory");
      continue;
    }
    if (!tel_stdout_take(is_late, &writing)) break;
    write_line(cls, &line, result);
    tel_stdout_give();
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
  console->open = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
  atomic_init(&console->stop_deadline, UINT64_MAX);
  *out = (struct tel_exporter){export, stop, free, console};
  return TEL_OK;
}
