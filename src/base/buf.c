#include "base/buf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  buf_append(b, digits + at, sizeof digits - at);
}

void buf_put_i64(struct buf *b, int64_t value) {
  if (value < 0) buf_putc(b, '-');
  buf_put_u64(b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* Times and amounts have a few decimals. If a millionth part gives the number back, its digits, 15 at the
 * most, are the shortest that do, as %.15g would find them, at a twentieth of the cost. */
static bool put_millionths(struct buf *b, double value) {
  double size = fabs(value);
  if (size < 1e-4 || size >= 1e9) return false; /* below, %g takes an exponent */
  uint64_t millionths = (uint64_t)(size * 1e6 + 0.5);
  if ((double)millionths / 1e6 != size) return false;
  char digits[7] = ".";
  size_t len = 7;
  uint64_t part = millionths % 1000000;
  for (size_t i = 6; i > 0; i--, part /= 10) digits[i] = (char)('0' + part % 10);
  while (digits[len - 1] == '0') len--;
  if (value < 0) buf_putc(b, '-');
  buf_put_u64(b, millionths / 1000000);
  buf_append(b, digits, len);
  return true;
}

void buf_put_double(struct buf *b, double value) {
  if (isnan(value)) {
    buf_puts(b, "NaN");
    return;
  }
  if (isinf(value)) {
    buf_puts(b, value > 0 ? "+Inf" : "-Inf");
    return;
  }
  /* Whole numbers are by far the most: no printf for them. */
  if (value == floor(value) && fabs(value) < 1e15 && !(value == 0 && signbit(value))) {
    buf_put_i64(b, (int64_t)value);
    return;
  }
  if (put_millionths(b, value)) return;
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break; /* same locale on both sides */
  }
  char *comma = strchr(text, ',');
  if (comma) *comma = '.';
  buf_puts(b, text);
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
