/* SPDX-License-Identifier: MIT */
#include "config.h" /* first: GNU extensions */

#include "base/digits.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define TEN(n) n "0" n "1" n "2" n "3" n "4" n "5" n "6" n "7" n "8" n "9"
const char digits_pairs[201] =
    TEN("0") TEN("1") TEN("2") TEN("3") TEN("4") TEN("5") TEN("6") TEN("7") TEN("8") TEN("9");

char *digits_u64(char *to, uint64_t value) {
  char room[DIGITS_U64_MAX], *at = room + sizeof room;
  for (; value >= 100; value /= 100) memcpy(at -= 2, digits_pairs + 2 * (value % 100), 2);
  if (value >= 10)
    memcpy(at -= 2, digits_pairs + 2 * value, 2);
  else
    *--at = (char)('0' + value);
  size_t len = (size_t)(room + sizeof room - at);
  memcpy(to, at, len);
  return to + len;
}

char *digits_i64(char *to, int64_t value) {
  if (value < 0) *to++ = '-';
  return digits_u64(to, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* 1 to 99 millionths with an exponent, as %g writes them: 5e-06, 7.3e-05. */
static char *write_few_millionths(char *to, uint64_t millionths) {
  bool tens = millionths >= 10;
  *to++ = (char)('0' + (tens ? millionths / 10 : millionths));
  if (tens && millionths % 10) {
    *to++ = '.';
    *to++ = (char)('0' + millionths % 10);
  }
  *to++ = 'e';
  *to++ = '-';
  return digits_fixed(to, tens ? 5 : 6, 2);
}

/* A fast path for times and amounts, because they have few decimals. If the value is a whole number of
 * millionths, its digits (at most 15) are the ones that %.15g writes. Writing them directly costs a
 * twentieth. Returns NULL for other values. */
static char *write_millionths(char *to, double value) {
  double size = fabs(value);
  if (!(size < 1e9)) return NULL;
  uint64_t millionths = (uint64_t)(size * 1e6 + 0.5);
  if (millionths == 0 || (double)millionths / 1e6 != size) return NULL;
  if (value < 0) *to++ = '-';
  if (millionths < 100) return write_few_millionths(to, millionths);
  to = digits_u64(to, millionths / 1000000);
  *to++ = '.';
  to = digits_fixed(to, (uint32_t)(millionths % 1000000), 6);
  while (to[-1] == '0') to--;
  return to;
}

char *digits_with_point(char *to, const char *text) {
  bool point = false;
  for (const char *at = text; *at; at++) {
    if (strchr("0123456789+-e", *at)) {
      *to++ = *at;
    } else if (!point) { /* the locale's decimal point, which can have several bytes */
      *to++ = '.';
      point = true;
    }
  }
  return to;
}

double digits_read_double(const char *text, char **end) {
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant of the C library */
  if (!plain) return strtod(text, end);
  double value = strtod_l(text, end, plain);
  freelocale(plain);
  return value;
}

static char *write_any(char *to, double value) {
  char text[DIGITS_DOUBLE_MAX + 8];
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(text, sizeof text, "%.*g", precision, value);
    if (strtod(text, NULL) == value) break; /* printf() and strtod() use the same locale */
  }
  return digits_with_point(to, text);
}

char *digits_double(char *to, double value) {
  assert(isfinite(value));
  /* Most values are whole. */
  if (fabs(value) < 1e15 && value == (double)(int64_t)value && !(value == 0 && signbit(value)))
    return digits_i64(to, (int64_t)value);
  char *end = write_millionths(to, value);
  return end ? end : write_any(to, value);
}
