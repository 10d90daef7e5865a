/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <string.h>

#include "support/test.h"

/* Each code point has one form, and a surrogate has none. */
START_TEST(test_every_character) {
  for (unsigned long c = 0; c <= 0x10FFFF; c++) {
    char text[4];
    int len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (int i = len - 1; i > 0; i--) text[i] = (char)(0x80 | (c >> 6 * (len - 1 - i) & 0x3F));
    text[0] = (char)(len == 1 ? c : (0xF00u >> len & 0xF0u) | c >> 6 * (len - 1));
    bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    ck_assert_int_eq(utf8_sequence(text, (size_t)len), surrogate ? -1 : len);
    if (!surrogate && len > 1) ck_assert_int_eq(utf8_sequence(text, (size_t)len - 1), 1 - len);
  }
}
END_TEST

START_TEST(test_repair) {
  static const struct {
    const char *text, *repaired;
  } cases[] = {
      {"", ""},
      {"plain text that is longer than a word", "plain text that is longer than a word"},
      {"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x9B\x92",
       "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x9B\x92"},
      {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
      {"12345678\xFF", "12345678\xEF\xBF\xBD"},
      {"\xE1\x80\xE2\xF0\x91", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* parts of three */
      {"\x80", "\xEF\xBF\xBD"},
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                                 /* overlong */
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* surrogate */
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* too high */
      {"\xE2\x82", "\xEF\xBF\xBD"},                                             /* cut off: one part */
      {"\xF0\x9F\x9B"
       "a",
       "\xEF\xBF\xBD"
       "a"},
      {"\xC3"
       "a\xE2\x28\xA1",
       "\xEF\xBF\xBD"
       "a\xEF\xBF\xBD\x28\xEF\xBF\xBD"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t len = strlen(cases[i].text);
    char *exact = malloc(len ? len : 1), *out = malloc(3 * len + 1);
    memcpy(exact, cases[i].text, len);
    ck_assert_int_eq(utf8_valid(exact, len), strcmp(cases[i].text, cases[i].repaired) == 0);
    out[utf8_repair(exact, len, out)] = '\0';
    ck_assert_str_eq(out, cases[i].repaired);
    ck_assert(utf8_valid(out, strlen(out)));
    free(exact);
    free(out);
  }
}
END_TEST

START_TEST(test_cut) {
  ck_assert_uint_eq(utf8_cut("abc", 3, 3), 3);
  ck_assert_uint_eq(utf8_cut("abc", 3, 2), 2);
  ck_assert_uint_eq(utf8_cut("abc", 3, 0), 0);
  ck_assert_uint_eq(utf8_cut("\xC3\xBC\xC3\xBC", 4, 1), 2);
  ck_assert_uint_eq(utf8_cut("\xC3\xBC\xC3\xBC", 4, 2), 4);
  ck_assert_uint_eq(utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 1), 4); /* no byte begins a character */
}
END_TEST

TEST_MAIN("utf8", test_every_character, test_repair, test_cut)
