/* SPDX-License-Identifier: MIT */
#include "telemetry/logs/log_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/hex.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "telemetry/core/attributes_private.h"

/* Bounds of everything before the fields, without the program's own texts. */
enum { FIXED = 256, HEAD = 1024 };

bool tel_log_encoder_init(struct tel_log_encoder *encoder, const char *app, const char *version,
                          const char *instance) {
  const char *const keys[] = {",\"app\":\"", ",\"version\":\"", ",\"instance\":\""};
  const char *const values[] = {app, version, instance};
  encoder->constant = (struct buf)BUF_INIT(SIZE_MAX / 2);
  for (size_t i = 0; i < 3; i++) {
    if (!values[i]) continue;
    size_t len = strlen(values[i]);
    buf_puts(&encoder->constant, keys[i]);
    char *to = buf_reserve(&encoder->constant, len * ESCAPE_JSON_WORST + 1);
    if (!to) return false;
    char *end = escape_json(to, values[i], len);
    *end++ = '"';
    encoder->constant.len += (size_t)(end - to);
  }
  return !buf_failed(&encoder->constant);
}

void tel_log_encoder_free(struct tel_log_encoder *encoder) {
  buf_free(&encoder->constant);
}

static char *put_context(char *to, const struct tel_context *context) {
  to = TEXT_PUT(to, ",\"trace_id\":\"");
  to = hex_write(to, context->trace_id, sizeof context->trace_id);
  to = TEXT_PUT(to, "\",\"span_id\":\"");
  to = hex_write(to, context->span_id, sizeof context->span_id);
  to = TEXT_PUT(to, "\",\"trace_flags\":\"");
  to = hex_write(to, &context->flags, 1);
  *to++ = '"';
  return to;
}

/* Writes everything before the fields. */
static char *put_head(char *to, const struct tel_log_encoder *encoder, const struct tel_log_record *record) {
  static const struct {
    uint8_t len;
    char text[48];
  } levels[] = {
#define LEVEL(text) {sizeof(text) - 1, text}
      [TEL_DEBUG] = LEVEL("\",\"level\":\"DEBUG\",\"severity_number\":5"),
      [TEL_INFO] = LEVEL("\",\"level\":\"INFO\",\"severity_number\":9"),
      [TEL_WARN] = LEVEL("\",\"level\":\"WARN\",\"severity_number\":13"),
      [TEL_ERROR] = LEVEL("\",\"level\":\"ERROR\",\"severity_number\":17"),
      [TEL_FATAL] = LEVEL("\",\"level\":\"FATAL\",\"severity_number\":21")};
#undef LEVEL
  to = TEXT_PUT(to, "{\"timestamp\":\"");
  to = timestamp_write(to, record->time_unix_ns, 9);
  to = text_put(to, levels[record->level].text, levels[record->level].len);
  to = TEXT_PUT(to, ",\"message\":\"");
  to = escape_json(to, record->message, strlen(record->message));
  *to++ = '"';
  if (encoder->constant.len) to = text_put(to, encoder->constant.data, encoder->constant.len);
  if (record->has_context) to = put_context(to, &record->context);
  return to;
}

/* Puts the head before the fields. The fields move if the room is too small. */
static bool put_in_front(struct tel_log_record *record, const char *head, size_t size) {
  struct tel_attributes *a = &record->fields;
  size_t fields = tel_attributes_pairs_size(a), extra = size > a->start ? size - a->start : 0;
  if (!tel_attributes_reserve(a, extra + 2)) return false;
  char *to = (char *)a->bytes + a->start;
  if (extra) memmove(to + extra, to, fields);
  to += extra;
  memcpy(to - size, head, size);
  TEXT_PUT(to + fields, "}\n");
  record->line = to - size;
  record->line_len = size + fields + 2;
  return true;
}

bool tel_log_seal(const struct tel_log_encoder *encoder, struct tel_log_record *record) {
  char room[HEAD], *head = room;
  size_t bound = FIXED + encoder->constant.len + strlen(record->message) * ESCAPE_JSON_WORST;
  if (bound > sizeof room && !(head = malloc(bound))) return false;
  bool ok = put_in_front(record, head, (size_t)(put_head(head, encoder, record) - head));
  if (head != room) free(head);
  return ok;
}
