/* SPDX-License-Identifier: MIT */
#include "http/html.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

static const char *entity(char c) {
  static const char *const entities[] = {
      ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
  return (size_t)c < sizeof entities / sizeof *entities ? entities[(size_t)c] : NULL;
}

/* The control characters include those of Latin 1, which have two bytes in UTF-8. */
static bool is_control(const char *text, int len) {
  unsigned char first = (unsigned char)*text;
  if (len == 1) return (first < ' ' && first != '\n' && first != '\t') || first == 0x7f;
  return len == 2 && first == 0xC2 && (unsigned char)text[1] < 0xA0;
}

void http_html_text(struct buf *out, const char *text, size_t len) {
  for (int n; len > 0; text += n, len -= (size_t)n) {
    n = utf8_sequence(text, len);
    const char *escaped = n == 1 ? entity(*text) : NULL;
    if (escaped)
      buf_puts(out, escaped);
    else if (n < 0 || is_control(text, n))
      buf_puts(out, "\xEF\xBF\xBD");
    else
      buf_append(out, text, (size_t)n);
    if (n < 0) n = -n;
  }
}

void http_html_string(struct buf *out, const char *text) {
  http_html_text(out, text, strlen(text));
}

void http_html_query_value(struct buf *out, const char *text) {
  for (; *text; text++) {
    char code[4] = {*text};
    if (!text_is_alnum(*text) && !strchr("-._~", *text))
      snprintf(code, sizeof code, "%%%02X", (unsigned char)*text);
    buf_puts(out, code);
  }
}
