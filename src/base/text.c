/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

static int is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t text_trim(const char *text, size_t len, const char **begin) {
  while (len > 0 && is_space(text[len - 1])) len--;
  while (len > 0 && is_space(*text)) text++, len--;
  *begin = text;
  return len;
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_same_start(const char *a, const char *b, size_t len) {
  for (; len > 0; a++, b++, len--) {
    if (lower(*a) != lower(*b)) return false;
    if (!*a) break;
  }
  return true;
}

bool text_same(const char *a, const char *b) {
  return text_same_start(a, b, SIZE_MAX);
}

bool text_is_media_type(const char *value, const char *type) {
  size_t len = strlen(type);
  if (!value || !text_same_start(value, type, len)) return false;
  value += len + strspn(value + len, " \t");
  return *value == '\0' || *value == ';';
}

void text_copy(char *out, size_t size, const char *text) {
  assert(size > 0);
  size_t len = strnlen(text, size - 1);
  memcpy(out, text, len);
  out[len] = '\0';
}

void text_list_add(char *out, size_t size, const char *separator, const char *item) {
  size_t len = strlen(out);
  if (len == 0) separator = "";
  if (len + strlen(separator) + strlen(item) < size) strcpy(stpcpy(out + len, separator), item);
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

size_t text_distance(const char *a, size_t a_len, const char *b, size_t b_len) {
  size_t row[TEXT_DISTANCE_MAX + 1];
  if (a_len >= TEXT_DISTANCE_MAX || b_len >= TEXT_DISTANCE_MAX) return TEXT_DISTANCE_MAX;
  for (size_t j = 0; j <= b_len; j++) row[j] = j;
  for (size_t i = 1; i <= a_len; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b_len; j++) {
      size_t replaced = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
      diagonal = row[j];
      row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
    }
  }
  return row[b_len];
}

void text_similar(const char *word, size_t len, const char *candidate, const char **best, size_t *distance) {
  size_t found = text_distance(word, len, candidate, strlen(candidate)), tolerated = len < 8 ? 2 : 3;
  if (found > tolerated || found >= len || found >= *distance) return;
  *best = candidate;
  *distance = found;
}

const char *text_show(const char *text, size_t len, char out[TEXT_SHOWN_SIZE]) {
  size_t shown = least(len, TEXT_SHOWN);
  while (shown < len && shown > 0 && ((unsigned char)text[shown] & 0xC0) == 0x80)
    shown--; /* not inside a character */
  for (size_t i = 0; i < shown; i++) out[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
  strcpy(out + shown, shown < len ? "..." : "");
  return out;
}
