#include "telemetry/utf8.h"

#include <stdint.h>
#include <string.h>

/* The length of the character at text, or 0 and in *bad how many bytes begin none (at least 1): the
 * standard's table of well-formed sequences, where only the second byte has special ranges. */
static size_t character(const unsigned char *text, size_t len, size_t *bad) {
  unsigned char first = text[0], low = 0x80, high = 0xBF;
  size_t need = first < 0x80   ? 1
                : first < 0xC2 ? 0
                : first < 0xE0 ? 2
                : first < 0xF0 ? 3
                : first < 0xF5 ? 4
                               : 0;
  *bad = 1;
  if (need < 2) return need;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (size_t i = 1; i < need; i++) {
    *bad = i;
    if (i >= len || text[i] < low || text[i] > high) return 0;
    low = 0x80;
    high = 0xBF;
  }
  return need;
}

/* How many leading bytes are ASCII: words of eight first, then the rest one by one. */
static size_t ascii(const char *text, size_t len) {
  size_t at = 0;
  for (uint64_t word; at + sizeof word <= len; at += sizeof word) {
    memcpy(&word, text + at, sizeof word);
    if (word & UINT64_C(0x8080808080808080)) break;
  }
  while (at < len && (unsigned char)text[at] < 0x80) at++;
  return at;
}

bool tel_utf8_valid(const char *text, size_t len) {
  size_t bad;
  for (size_t at = ascii(text, len); at < len;) {
    size_t step = character((const unsigned char *)text + at, len - at, &bad);
    if (step == 0) return false;
    at += step;
  }
  return true;
}

size_t tel_utf8_repair(const char *text, size_t len, char *out) {
  char *to = out;
  for (size_t at = 0, bad; at < len;) {
    size_t step = character((const unsigned char *)text + at, len - at, &bad);
    memcpy(to, step ? text + at : "\xEF\xBF\xBD", step ? step : 3);
    to += step ? step : 3;
    at += step ? step : bad;
  }
  return (size_t)(to - out);
}
