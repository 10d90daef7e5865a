#include "telemetry/log_json.h"

#include <math.h>
#include <string.h>

#include "base/escape.h"
#include "base/hex.h"

/* Bounds of a number's text with its key's punctuation, and of all that a line has besides its fields. */
enum { NUMBER = 32, FIXED = 256 };

static char *put(char *to, const char *text, size_t len) {
  memcpy(to, text, len);
  return to + len;
}

#define PUT(to, literal) put((to), (literal), sizeof(literal) - 1)

bool tel_log_encoder_init(struct tel_log_encoder *encoder, const char *app, const char *version,
                          const char *instance) {
  const char *const keys[] = {",\"app\":\"", ",\"version\":\"", ",\"instance\":\""};
  const char *const values[] = {app, version, instance};
  encoder->constant = (struct buf)BUF_INIT(SIZE_MAX / 2);
  encoder->second = -1;
  encoder->date[0] = '\0';
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

/* Whether the line itself has a key of this name. */
static bool is_reserved(const struct tel_attribute *pair) {
  static const char names[][16] = {"timestamp", "level",    "severity_number", "message", "app",
                                   "version",   "instance", "trace_id",        "span_id", "trace_flags"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i][0] == pair->key[0] && strcmp(names[i], pair->key) == 0) return true;
  return false;
}

static char *put_digits(char *to, unsigned value, int digits) {
  for (int i = digits - 1; i >= 0; i--, value /= 10) to[i] = (char)('0' + value % 10);
  return to + digits;
}

/* gmtime once a second is enough: a line differs from the one before in its fraction only. */
static char *put_time(struct tel_log_encoder *encoder, char *to, uint64_t unix_ns) {
  time_t second = (time_t)(unix_ns / 1000000000);
  if (second != encoder->second) {
    struct tm tm;
    gmtime_r(&second, &tm);
    strftime(encoder->date, sizeof encoder->date, "%Y-%m-%dT%H:%M:%S", &tm);
    encoder->second = second;
  }
  to = put(to, encoder->date, sizeof encoder->date - 1);
  *to++ = '.';
  to = put_digits(to, (unsigned)(unix_ns % 1000000000), 9);
  *to++ = 'Z';
  return to;
}

static char *put_context(char *to, const struct tel_context *context) {
  to = PUT(to, ",\"trace_id\":\"");
  to = hex_write(to, context->trace_id, sizeof context->trace_id);
  to = PUT(to, "\",\"span_id\":\"");
  to = hex_write(to, context->span_id, sizeof context->span_id);
  to = PUT(to, "\",\"trace_flags\":\"");
  to = hex_write(to, &context->flags, 1);
  *to++ = '"';
  return to;
}

/* Numbers go through the buffer, whose length is brought up to date around the call. */
static char *put_number(struct buf *out, char *to, const struct tel_attribute *pair) {
  out->len = (size_t)(to - out->data);
  if (pair->type == TEL_INT)
    buf_put_i64(out, pair->value.integer);
  else
    buf_put_double(out, pair->value.real);
  return out->data + out->len;
}

static char *put_field(struct buf *out, char *to, const struct tel_attribute *pair) {
  to = PUT(to, ",\"");
  to = escape_json(to, pair->key, pair->key_len);
  to = PUT(to, "\":");
  switch (pair->type) {
  case TEL_STRING:
    *to++ = '"';
    to = escape_json(to, pair->value.string.data, pair->value.string.len);
    *to++ = '"';
    return to;
  case TEL_BOOL:
    return pair->value.integer ? PUT(to, "true") : PUT(to, "false");
  case TEL_DOUBLE:
    if (!isfinite(pair->value.real)) return PUT(to, "null");
    break;
  case TEL_INT:
    break;
  }
  return put_number(out, to, pair);
}

/* An upper bound of the line's length: reserved at once, so that nothing below needs to look. */
static size_t bound(const struct tel_log_encoder *encoder, const struct tel_log_record *record) {
  size_t size = FIXED + encoder->constant.len + strlen(record->message) * ESCAPE_JSON_WORST;
  for (uint32_t i = 0; i < record->fields.count; i++) {
    const struct tel_attribute *pair = &record->fields.items[i];
    size += pair->key_len * ESCAPE_JSON_WORST + NUMBER;
    if (pair->type == TEL_STRING) size += pair->value.string.len * ESCAPE_JSON_WORST;
  }
  return size;
}

bool tel_log_encode(struct tel_log_encoder *encoder, struct buf *out, const struct tel_log_record *record) {
  char *to = buf_reserve(out, bound(encoder, record));
  if (!to) {
    out->failed = false; /* what was there is still whole */
    return false;
  }
  const char *level = tel_level_text(record->level);
  to = PUT(to, "{\"timestamp\":\"");
  to = put_time(encoder, to, record->time_unix_ns);
  to = PUT(to, "\",\"level\":\"");
  to = put(to, level, strlen(level));
  to = PUT(to, "\",\"severity_number\":");
  unsigned number = tel_level_number(record->level);
  to = put_digits(to, number, number < 10 ? 1 : 2);
  to = PUT(to, ",\"message\":\"");
  to = escape_json(to, record->message, strlen(record->message));
  *to++ = '"';
  if (encoder->constant.len) to = put(to, encoder->constant.data, encoder->constant.len);
  if (record->has_context) to = put_context(to, &record->context);
  for (uint32_t i = 0; i < record->fields.count; i++)
    if (!is_reserved(&record->fields.items[i])) to = put_field(out, to, &record->fields.items[i]);
  to = PUT(to, "}\n");
  out->len = (size_t)(to - out->data);
  return true;
}
