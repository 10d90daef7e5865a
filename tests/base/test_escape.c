/* SPDX-License-Identifier: MIT */
/* The expected texts. The cases in tests/data/log-json compare escape_json() with a JSON parser. */
#include "base/escape.h"

#include <string.h>

#include "support/test.h"

static void expect(const char *text, size_t len, const char *escaped) {
  char *out = malloc(len * ESCAPE_JSON_WORST + 1); /* AddressSanitizer detects an overrun */
  *escape_json(out, text, len) = '\0';
  ck_assert_str_eq(out, escaped);
  free(out);
}

#define EXPECT(text, escaped) expect("" text, sizeof(text) - 1, escaped)

START_TEST(test_escapes) {
  EXPECT("", "");
  EXPECT("plain, and longer than a word", "plain, and longer than a word");
  EXPECT("\"\\/", "\\\"\\\\/");
  EXPECT("\0\1\b\t\n\v\f\r\x1f\x7f", "\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\\u007f");
  EXPECT("gr\xC3\xBC\xC3\x9F \xF0\x9F\x8D\xB5", "gr\xC3\xBC\xC3\x9F \xF0\x9F\x8D\xB5");
  EXPECT("\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA", "\xE2\x80\xA7\\u2028\\u2029\xE2\x80\xAA");
  EXPECT("\xC2\x84\xC2\x85\xC2\x86\xC3\x85", "\xC2\x84\\u0085\xC2\x86\xC3\x85");
  EXPECT("\xFF\xE2\x80", "\xEF\xBF\xBD\xEF\xBF\xBD");
}
END_TEST

START_TEST(test_at_each_place) {
  for (size_t len = 1; len < 20; len++)
    for (size_t at = 0; at < len; at++) {
      char text[20], escaped[24];
      memset(text, 'x', len);
      text[at] = '"';
      memset(escaped, 'x', len + 1);
      memcpy(escaped + at, "\\\"", 2);
      escaped[len + 1] = '\0';
      expect(text, len, escaped);
    }
}
END_TEST

TEST_MAIN("escape", test_escapes, test_at_each_place)
