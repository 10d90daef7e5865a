/* SPDX-License-Identifier: MIT */
#include "app/config_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_MAX 9.2e18 /* slightly below 2^63; above the maximum of every setting */
enum { NUMBER_SIZE = 40 };

/* Returns the end of the comment that begins at "at", or "at" if no complete comment begins there. */
static const char *skip_comment(const char *at, const char *end) {
  if (*at == '#' || (at + 1 < end && at[0] == '/' && at[1] == '/')) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline ? newline : end;
  }
  if (at + 1 < end && at[0] == '/' && at[1] == '*') {
    for (const char *close = at + 2; close < end; close++)
      if (close[0] == '*' && close + 1 < end && close[1] == '/') return close + 2;
  }
  return at;
}

static const char *skip_string(const char *at, const char *end) {
  if (*at != '"') return at;
  for (at++; at < end && *at != '"'; at++)
    if (*at == '\\' && at + 1 < end) at++;
  return at < end ? at + 1 : end;
}

/* Skips a name or a number. Names may contain hyphens; numbers may have a sign in the exponent. */
static const char *skip_word(const char *at, const char *end) {
  int number = isdigit((unsigned char)*at) || *at == '.';
  for (at++; at < end; at++) {
    int sign = *at == '-' || *at == '+';
    if (isalnum((unsigned char)*at) || *at == '_' || *at == '*' || *at == '.') continue;
    if (number ? !(sign && (at[-1] == 'e' || at[-1] == 'E')) : *at != '-') break;
  }
  return at;
}

/* Marks a whole number, decimal or hexadecimal, as 64 bits wide. The library would silently truncate a number
 * above 64 bits. This function writes such a number as a floating-point number, and settings of whole numbers
 * refuse that. */
static char *mark_whole(const char *word, size_t len, char *to) {
  bool hex = len > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
  size_t end = len;
  double value = 0;
  while (end > 1 && word[end - 1] == 'L') end--;
  for (size_t i = hex ? 2 : 0; i < end; i++) {
    unsigned char c = (unsigned char)word[i];
    if (hex ? !isxdigit(c) : !isdigit(c)) return to;
    value = value * (hex ? 16 : 10) + (isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  if (value > WHOLE_MAX) return to - len + snprintf(to - len, NUMBER_SIZE, "%.17g", value);
  if (end == len) *to++ = 'L';
  return to;
}

char *app_config_text(const char *text, size_t len, unsigned *include, unsigned *comment) {
  static const char directive[] = "@include";
  const char *at = text, *end = text + len;
  char *out = malloc(2 * len + NUMBER_SIZE), *to = out; /* at most one mark for each digit */
  unsigned line = 1;
  *include = *comment = 0;
  if (!out) return NULL;
  while (at < end) {
    const char *next = skip_comment(at, end);
    if (next == at && end - at > 1 && memcmp(at, "/*", 2) == 0 && !*comment) *comment = line;
    if (next == at) next = skip_string(at, end);
    int word = next == at && (isalnum((unsigned char)*at) || *at == '.');
    if (word) next = skip_word(at, end);
    if (next == at) next = at + 1;
    if (!*include && (size_t)(end - at) >= sizeof directive - 1 &&
        memcmp(at, directive, sizeof directive - 1) == 0)
      *include = line;
    memcpy(to, at, (size_t)(next - at));
    to += next - at;
    if (word) to = mark_whole(at, (size_t)(next - at), to);
    for (; at < next; at++) line += *at == '\n';
  }
  *to = '\0';
  return out;
}
