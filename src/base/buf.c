/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"
#include "base/hex.h"

char *buf_reserve(struct buf *b, size_t n) {
  if (b->failed) return NULL;
  if (n > b->limit || b->len > b->limit - n) {
    b->failed = true;
    return NULL;
  }
  if (b->len + n > b->cap) {
    size_t cap = b->cap ? b->cap : 256;
    while (cap < b->len + n) cap *= 2;
    char *data = realloc(b->data, cap);
    if (!data) {
      b->failed = true;
      return NULL;
    }
    b->data = data;
    b->cap = cap;
  }
  return b->data + b->len;
}

void buf_append(struct buf *b, const void *data, size_t len) {
  if (len == 0) return;
  char *to = buf_reserve(b, len);
  if (!to) return;
  memcpy(to, data, len);
  b->len += len;
}

void buf_puts(struct buf *b, const char *text) {
  buf_append(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c) {
  char *to = buf_reserve(b, 1);
  if (!to) return;
  *to = c;
  b->len++;
}

void buf_put_u64(struct buf *b, uint64_t value) {
  char digits[DIGITS_U64_MAX];
  buf_append(b, digits, (size_t)(digits_u64(digits, value) - digits));
}

void buf_put_i64(struct buf *b, int64_t value) {
  char digits[DIGITS_U64_MAX + 1];
  buf_append(b, digits, (size_t)(digits_i64(digits, value) - digits));
}

void buf_put_double(struct buf *b, double value) {
  char digits[DIGITS_DOUBLE_MAX];
  if (isfinite(value))
    buf_append(b, digits, (size_t)(digits_double(digits, value) - digits));
  else
    buf_puts(b, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
}

void buf_put_hex(struct buf *b, const uint8_t *bytes, size_t len) {
  char *to = buf_reserve(b, 2 * len);
  if (!to) return;
  hex_write(to, bytes, len);
  b->len += 2 * len;
}

bool buf_failed(const struct buf *b) {
  return b->failed;
}

const char *buf_cstr(struct buf *b) {
  char *end = buf_reserve(b, 1);
  if (!end) return NULL;
  *end = '\0';
  return b->data;
}

void buf_reset(struct buf *b) {
  b->len = 0;
  b->failed = false;
}

void buf_free(struct buf *b) {
  free(b->data);
  b->data = NULL;
  b->len = b->cap = 0;
}
