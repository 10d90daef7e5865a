#include "telemetry/log_json.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* Every byte of a string becomes at most six: \u00XX for one, U+FFFD in three for an ill-formed one. */
enum { WORST = 6, NUMBER = 32, FIXED = 256 };

/* 0: may stand as it is; 1: part of a sequence, or ill-formed; else what follows the backslash. */
static const unsigned char escapes[256] = {
    [0x00] = 'u', [0x01] = 'u', [0x02] = 'u', [0x03] = 'u',  [0x04] = 'u', [0x05] = 'u',
    [0x06] = 'u', [0x07] = 'u', [0x08] = 'b', [0x09] = 't',  [0x0A] = 'n', [0x0B] = 'u',
    [0x0C] = 'f', [0x0D] = 'r', [0x0E] = 'u', [0x0F] = 'u',  [0x10] = 'u', [0x11] = 'u',
    [0x12] = 'u', [0x13] = 'u', [0x14] = 'u', [0x15] = 'u',  [0x16] = 'u', [0x17] = 'u',
    [0x18] = 'u', [0x19] = 'u', [0x1A] = 'u', [0x1B] = 'u',  [0x1C] = 'u', [0x1D] = 'u',
    [0x1E] = 'u', [0x1F] = 'u', ['"'] = '"',  ['\\'] = '\\', [0x7F] = 'u', [0x80 ... 0xFF] = 1,
};

/* The length of the well-formed sequence at s (Unicode 15, table 3-7), or minus the length of the maximal
 * part of one, which is replaced as a whole. end > s; *s >= 0x80. */
static int sequence(const unsigned char *s, const unsigned char *end) {
  unsigned char low = 0x80, high = 0xBF; /* of the second byte */
  int len;
  if (*s >= 0xC2 && *s <= 0xDF) {
    len = 2;
  } else if (*s >= 0xE0 && *s <= 0xEF) {
    len = 3;
    if (*s == 0xE0) low = 0xA0;  /* no overlong forms */
    if (*s == 0xED) high = 0x9F; /* no surrogates */
  } else if (*s >= 0xF0 && *s <= 0xF4) {
    len = 4;
    if (*s == 0xF0) low = 0x90;
    if (*s == 0xF4) high = 0x8F; /* nothing above U+10FFFF */
  } else {
    return -1;
  }
  for (int i = 1; i < len; i++) {
    if (s + i == end || s[i] < low || s[i] > high) return -i;
    low = 0x80;
    high = 0xBF;
  }
  return len;
}

static char *put(char *to, const char *text, size_t len) {
  memcpy(to, text, len);
  return to + len;
}

#define PUT(to, literal) put((to), (literal), sizeof(literal) - 1)

static char *put_unicode(char *to, unsigned code) {
  static const char digits[] = "0123456789abcdef";
  to = PUT(to, "\\u");
  for (int shift = 12; shift >= 0; shift -= 4) *to++ = digits[code >> shift & 15];
  return to;
}

/* Whether one of these eight bytes may not stand as it is, or perhaps not: a borrow can make it say so of the
 * neighbour of one that may not. */
static bool any_escape(uint64_t bytes) {
  const uint64_t each = UINT64_C(0x0101010101010101);
  uint64_t quote = bytes ^ (each * '"'), backslash = bytes ^ (each * '\\');
  return ((bytes | (bytes - each * 0x20) | (bytes + each) | (quote - each) | (backslash - each)) &
          each << 7) != 0;
}

/* The escaped text without quotes; to has room for WORST bytes each. */
static char *put_text(char *to, const char *text, size_t len) {
  const unsigned char *s = (const unsigned char *)text, *end = s + len;
  while (s < end) {
    for (uint64_t bytes; end - s >= (ptrdiff_t)sizeof bytes; s += sizeof bytes, to += sizeof bytes) {
      memcpy(&bytes, s, sizeof bytes);
      if (any_escape(bytes)) break;
      memcpy(to, &bytes, sizeof bytes);
    }
    const unsigned char *plain = s;
    while (s < end && !escapes[*s]) s++;
    to = put(to, (const char *)plain, (size_t)(s - plain));
    if (s == end) break;
    unsigned char kind = escapes[*s];
    if (kind == 1) {
      int n = sequence(s, end);
      if (n < 0) {
        to = PUT(to, "\xEF\xBF\xBD");
        s -= n;
      } else if (n == 3 && s[0] == 0xE2 && s[1] == 0x80 && (s[2] == 0xA8 || s[2] == 0xA9)) {
        to = put_unicode(to, 0x2000u + (s[2] & 0x3Fu)); /* line ends, to JavaScript and some viewers */
        s += n;
      } else {
        to = put(to, (const char *)s, (size_t)n);
        s += n;
      }
    } else if (kind == 'u') {
      to = put_unicode(to, *s++);
    } else {
      *to++ = '\\';
      *to++ = (char)kind;
      s++;
    }
  }
  return to;
}

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
    char *to = buf_reserve(&encoder->constant, len * WORST + 1);
    if (!to) return false;
    char *end = put_text(to, values[i], len);
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

static char *put_hex(char *to, const uint8_t *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < len; i++) {
    *to++ = digits[bytes[i] >> 4];
    *to++ = digits[bytes[i] & 15];
  }
  return to;
}

static char *put_context(char *to, const struct tel_context *context) {
  to = PUT(to, ",\"trace_id\":\"");
  to = put_hex(to, context->trace_id, sizeof context->trace_id);
  to = PUT(to, "\",\"span_id\":\"");
  to = put_hex(to, context->span_id, sizeof context->span_id);
  to = PUT(to, "\",\"trace_flags\":\"");
  to = put_hex(to, &context->flags, 1);
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
  to = put_text(to, pair->key, pair->key_len);
  to = PUT(to, "\":");
  switch (pair->type) {
  case TEL_STRING:
    *to++ = '"';
    to = put_text(to, pair->value.string.data, pair->value.string.len);
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
  size_t size = FIXED + encoder->constant.len + strlen(record->message) * WORST;
  for (uint32_t i = 0; i < record->fields.count; i++) {
    const struct tel_attribute *pair = &record->fields.items[i];
    size += pair->key_len * WORST + NUMBER;
    if (pair->type == TEL_STRING) size += pair->value.string.len * WORST;
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
  to = put_text(to, record->message, strlen(record->message));
  *to++ = '"';
  if (encoder->constant.len) to = put(to, encoder->constant.data, encoder->constant.len);
  if (record->has_context) to = put_context(to, &record->context);
  for (uint32_t i = 0; i < record->fields.count; i++)
    if (!is_reserved(&record->fields.items[i])) to = put_field(out, to, &record->fields.items[i]);
  to = PUT(to, "}\n");
  out->len = (size_t)(to - out->data);
  return true;
}
