#include "app/config_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Where the comment that begins at "at" ends; "at" if none does. */
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

/* A name, or a number with all that may belong to it: names have hyphens, numbers signs in their exponent. */
static const char *skip_word(const char *at, const char *end) {
  int number = isdigit((unsigned char)*at) || *at == '.';
  for (at++; at < end; at++) {
    int sign = *at == '-' || *at == '+';
    if (isalnum((unsigned char)*at) || *at == '_' || *at == '*' || *at == '.') continue;
    if (number ? !(sign && (at[-1] == 'e' || at[-1] == 'E')) : *at != '-') break;
  }
  return at;
}

/* Digits alone, decimal or hexadecimal. */
static int is_whole(const char *word, size_t len) {
  int hex = len > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
  for (size_t i = hex ? 2 : 0; i < len; i++)
    if (hex ? !isxdigit((unsigned char)word[i]) : !isdigit((unsigned char)word[i])) return 0;
  return len > 0;
}

char *app_config_text(const char *text, size_t len, unsigned *include, unsigned *comment) {
  const char *at = text, *end = text + len;
  char *out = malloc(2 * len + 1), *to = out; /* a mark for each digit is the most */
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
    if (*at == '@' && !*include) *include = line;
    memcpy(to, at, (size_t)(next - at));
    to += next - at;
    if (word && is_whole(at, (size_t)(next - at))) *to++ = 'L';
    for (; at < next; at++) line += *at == '\n';
  }
  *to = '\0';
  return out;
}
