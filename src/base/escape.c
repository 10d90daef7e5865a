/* SPDX-License-Identifier: MIT */
#include "base/escape.h"

#include <stdint.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "base/utf8.h"

/* 0: copied; 1: part of a UTF-8 sequence, or ill-formed; others: the character after the backslash. */
static const unsigned char escapes[256] = {
    [0x00 ... 0x07] = 'u', ['\b'] = 'b',  ['\t'] = 't', ['\n'] = 'n',
    [0x0B] = 'u',          ['\f'] = 'f',  ['\r'] = 'r', [0x0E ... 0x1F] = 'u',
    ['"'] = '"',           ['\\'] = '\\', [0x7F] = 'u', [0x80 ... 0xFF] = 1,
};

static char *put_unicode(char *to, unsigned code) {
  const uint8_t bytes[] = {(uint8_t)(code >> 8), (uint8_t)code};
  return hex_write(text_put(to, "\\u", 2), bytes, sizeof bytes);
}

/* Whether one of these eight bytes needs an escape, or is not ASCII. */
static bool any_escape(uint64_t bytes) {
  const uint64_t each = UINT64_C(0x0101010101010101);
  uint64_t quote = bytes ^ (each * '"'), backslash = bytes ^ (each * '\\');
  return ((bytes | (bytes - each * 0x20) | (bytes + each) | (quote - each) | (backslash - each)) &
          each << 7) != 0;
}

bool escape_json_copy(char *to, const char *text, size_t len) {
  uint64_t bytes;
  if (len >= 4 && len < sizeof bytes) { /* the first four and the last four, which overlap */
    uint32_t first, last;
    memcpy(&first, text, sizeof first);
    memcpy(&last, text + len - sizeof last, sizeof last);
    memcpy(to, &first, sizeof first);
    memcpy(to + len - sizeof last, &last, sizeof last);
    return !any_escape(first | (uint64_t)last << 32);
  }
  if (len < 4) {
    unsigned char kinds = 0;
    for (size_t i = 0; i < len; i++) kinds |= escapes[(unsigned char)(to[i] = text[i])];
    return kinds == 0;
  }
  for (size_t at = 0, last = len - sizeof bytes;; at = at + sizeof bytes < last ? at + sizeof bytes : last) {
    memcpy(&bytes, text + at, sizeof bytes);
    if (any_escape(bytes)) return false;
    memcpy(to + at, &bytes, sizeof bytes);
    if (at == last) return true;
  }
}

char *escape_json(char *to, const char *text, size_t len) {
  const unsigned char *s = (const unsigned char *)text, *end = s + len;
  while (s < end) {
    for (uint64_t bytes; end - s >= (ptrdiff_t)sizeof bytes; s += sizeof bytes, to += sizeof bytes) {
      memcpy(&bytes, s, sizeof bytes);
      if (any_escape(bytes)) break;
      memcpy(to, &bytes, sizeof bytes);
    }
    const unsigned char *plain = s;
    while (s < end && !escapes[*s]) s++;
    to = text_put(to, (const char *)plain, (size_t)(s - plain));
    if (s == end) break;
    unsigned char kind = escapes[*s];
    if (kind == 1) {
      int n = utf8_sequence((const char *)s, (size_t)(end - s));
      if (n < 0)
        to = text_put(to, "\xEF\xBF\xBD", 3);
      else if (n == 2 && s[0] == 0xC2 && s[1] == 0x85)
        to = put_unicode(to, 0x85); /* some viewers end a line here */
      else if (n == 3 && s[0] == 0xE2 && s[1] == 0x80 && (s[2] == 0xA8 || s[2] == 0xA9))
        to = put_unicode(to, 0x2000u + (s[2] & 0x3Fu)); /* so does JavaScript */
      else
        to = text_put(to, (const char *)s, (size_t)n);
      s += n < 0 ? -n : n;
    } else if (kind == 'u') {
      to = put_unicode(to, *s++);
    } else {
      *to++ = '\\';
      *to++ = (char)kind;
      s++;
    }
  }
  return to;
}
