/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Follows the table of well-formed sequences in Unicode 15 (3-7). Only the second byte has special ranges. */
int utf8_sequence(const char *text, size_t len) {
  const unsigned char *s = (const unsigned char *)text;
  unsigned char low = 0x80, high = 0xBF; /* of the second byte */
  int need = *s < 0x80 ? 1 : *s < 0xC2 ? 0 : *s < 0xE0 ? 2 : *s < 0xF0 ? 3 : *s < 0xF5 ? 4 : 0;
  if (need == 0) return -1;
  if (*s == 0xE0) low = 0xA0;  /* no overlong forms */
  if (*s == 0xED) high = 0x9F; /* no surrogates */
  if (*s == 0xF0) low = 0x90;
  if (*s == 0xF4) high = 0x8F; /* nothing above U+10FFFF */
  for (int i = 1; i < need; i++) {
    if ((size_t)i >= len || s[i] < low || s[i] > high) return -i;
    low = 0x80;
    high = 0xBF;
  }
  return need;
}

/* How many leading bytes are ASCII: reads eight at once, then the rest one by one. */
static size_t ascii(const char *text, size_t len) {
  size_t at = 0;
  for (uint64_t word; at + sizeof word <= len; at += sizeof word) {
    memcpy(&word, text + at, sizeof word);
    if (word & UINT64_C(0x8080808080808080)) break;
  }
  while (at < len && (unsigned char)text[at] < 0x80) at++;
  return at;
}

bool utf8_valid(const char *text, size_t len) {
  for (size_t at = ascii(text, len); at < len;) {
    int step = utf8_sequence(text + at, len - at);
    if (step < 0) return false;
    at += (size_t)step;
  }
  return true;
}

size_t utf8_repair(const char *text, size_t len, char *out) {
  char *to = out;
  for (size_t at = 0; at < len;) {
    int step = utf8_sequence(text + at, len - at);
    size_t size = step > 0 ? (size_t)step : 3;
    memcpy(to, step > 0 ? text + at : "\xEF\xBF\xBD", size);
    to += size;
    at += (size_t)(step > 0 ? step : -step);
  }
  return (size_t)(to - out);
}

char *utf8_repaired(const char *text, size_t len) {
  char *copy = malloc(3 * len + 1);
  if (copy) copy[utf8_repair(text, len, copy)] = '\0';
  return copy;
}

size_t utf8_cut(const char *text, size_t len, size_t limit) {
  if (len <= limit) return len;
  /* A character has at most four bytes. Continuation bytes alone must not exceed the limit either. */
  if (len / 4 >= limit) len = limit * 4;
  size_t characters = 0;
  for (size_t i = 0; i < len; i++) /* a character begins at every byte that is not a continuation */
    if (((unsigned char)text[i] & 0xC0) != 0x80 && characters++ == limit) return i;
  return len;
}
