/* SPDX-License-Identifier: MIT */
#include "base/buf_json.h"

#include <math.h>
#include <string.h>

#include "base/escape.h"

void buf_json_item(struct buf *b) {
  char last = b->len ? b->data[b->len - 1] : '[';
  if (last != '[' && last != '{') buf_putc(b, ',');
}

void buf_json_key(struct buf *b, const char *key) {
  buf_json_item(b);
  buf_putc(b, '"');
  buf_puts(b, key);
  buf_puts(b, "\":");
}

void buf_json_string(struct buf *b, const char *text, size_t len) {
  buf_putc(b, '"');
  char *to = buf_reserve(b, len * ESCAPE_JSON_WORST);
  if (to) b->len += (size_t)(escape_json(to, text, len) - to);
  buf_putc(b, '"');
}

void buf_json_double(struct buf *b, double value) {
  if (isfinite(value))
    buf_put_double(b, value);
  else
    buf_puts(b, "null");
}

void buf_json_member_text(struct buf *b, const char *key, const char *text) {
  buf_json_key(b, key);
  buf_json_string(b, text, strlen(text));
}

void buf_json_member_hex(struct buf *b, const char *key, const uint8_t *bytes, size_t len) {
  buf_json_key(b, key);
  buf_putc(b, '"');
  buf_put_hex(b, bytes, len);
  buf_putc(b, '"');
}

void buf_json_member_u64(struct buf *b, const char *key, uint64_t value) {
  buf_json_key(b, key);
  buf_put_u64(b, value);
}
