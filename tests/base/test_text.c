/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <string.h>

#include "support/test.h"

START_TEST(test_trim) {
  static const struct {
    const char *text, *trimmed;
  } cases[] = {{"", ""},         {" ", ""},           {"\r\n", ""},         {"a", "a"},
               {" a b ", "a b"}, {"\t a\t\r\n", "a"}, {"\na\nb\n", "a\nb"}, {"a\v", "a\v"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *begin;
    size_t len = text_trim(cases[i].text, strlen(cases[i].text), &begin);
    ck_assert_uint_eq(len, strlen(cases[i].trimmed));
    ck_assert(memcmp(begin, cases[i].trimmed, len) == 0);
  }
}
END_TEST

START_TEST(test_same) {
  static const struct {
    const char *a, *b;
    bool same;
  } cases[] = {{"", "", true},       {"a", "", false},     {"", "a", false},    {"Info", "iNFO", true},
               {"ab", "abc", false}, {"abc", "ab", false}, {"[@", "{`", false}, {"\xC4", "\xE4", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(text_same(cases[i].a, cases[i].b) == cases[i].same, "%s, %s", cases[i].a, cases[i].b);
  ck_assert(text_same_start("abc", "ABD", 2));
  ck_assert(!text_same_start("abc", "ABD", 3));
  ck_assert(text_same_start("ab", "AB", 9));
  ck_assert(!text_same_start("ab", "ABC", 9));
}
END_TEST

START_TEST(test_alnum) {
  static const char wanted[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (int c = 0; c < 256; c++)
    ck_assert_msg(text_is_alnum((char)c) == (memchr(wanted, c, sizeof wanted - 1) != NULL), "%d", c);
}
END_TEST

START_TEST(test_copy) {
  char out[4] = "xxx";
  text_copy(out, sizeof out, "");
  ck_assert_str_eq(out, "");
  text_copy(out, sizeof out, "abc");
  ck_assert_str_eq(out, "abc");
  text_copy(out, sizeof out, "abcd");
  ck_assert_str_eq(out, "abc");
  text_copy(out, 1, "a");
  ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(test_list) {
  char out[12] = "";
  text_list_add(out, sizeof out, ", ", "mug");
  ck_assert_str_eq(out, "mug");
  text_list_add(out, sizeof out, ", ", "posters"); /* one byte too long */
  ck_assert_str_eq(out, "mug");
  text_list_add(out, sizeof out, " or ", "cups");
  ck_assert_str_eq(out, "mug or cups");
  text_list_add(out, sizeof out, "", "s");
  ck_assert_str_eq(out, "mug or cups");
}
END_TEST

START_TEST(test_distance) {
  static const struct {
    const char *a, *b;
    size_t distance;
  } cases[] = {{"", "", 0},
               {"a", "", 1},
               {"kitten", "sitting", 3},
               {"listen", "lisen", 1},
               {"LISTEN", "listen", 0},
               {"abc", "cab", 2}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_uint_eq(text_distance(cases[i].a, strlen(cases[i].a), cases[i].b, strlen(cases[i].b)),
                      cases[i].distance);
    ck_assert_uint_eq(text_distance(cases[i].b, strlen(cases[i].b), cases[i].a, strlen(cases[i].a)),
                      cases[i].distance);
  }
  char longer[TEXT_DISTANCE_MAX + 1];
  memset(longer, 'x', sizeof longer);
  ck_assert_uint_eq(text_distance(longer, sizeof longer, "x", 1), TEXT_DISTANCE_MAX);
}
END_TEST

START_TEST(test_similar) {
  static const char *const words[] = {"listen", "log.level", "payment.failure_rate"};
  static const struct {
    const char *word, *best;
  } cases[] = {
      {"lisen", "listen"}, {"log_level", "log.level"}, {"payment.failurerate", "payment.failure_rate"},
      {"xy", NULL},        {"colour", NULL},           {"", NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *best = NULL;
    size_t distance = TEXT_DISTANCE_MAX;
    for (size_t j = 0; j < sizeof words / sizeof *words; j++)
      text_similar(cases[i].word, strlen(cases[i].word), words[j], &best, &distance);
    ck_assert_pstr_eq(best, cases[i].best);
  }
}
END_TEST

START_TEST(test_show) {
  char out[TEXT_SHOWN_SIZE], longer[TEXT_SHOWN + 1];
  ck_assert_str_eq(text_show("a b", 3, out), "a b");
  ck_assert_str_eq(text_show("\x1b[31m\n\x7f", 7, out), "?[31m??");
  memset(longer, 'x', sizeof longer);
  ck_assert_uint_eq(strlen(text_show(longer, TEXT_SHOWN, out)), TEXT_SHOWN);
  ck_assert_str_eq(text_show(longer, sizeof longer, out) + TEXT_SHOWN, "...");
  memcpy(longer + TEXT_SHOWN - 2, "\xe2\x82\xac", 3); /* one character */
  ck_assert_str_eq(text_show(longer, sizeof longer, out) + TEXT_SHOWN - 2, "...");
}
END_TEST

START_TEST(test_media_type) {
  static const char *const same[] = {
      "application/json",       "Application/JSON",    "application/json;charset=utf-8",
      "application/json ; x=y", "application/json\t;", "application/json "};
  static const char *const others[] = {"",
                                       "application",
                                       "application/jsonx",
                                       "application/json x",
                                       "application/json, text/plain",
                                       "text/plain; application/json"};
  for (size_t i = 0; i < sizeof same / sizeof *same; i++)
    ck_assert_msg(text_is_media_type(same[i], "application/json"), "%s", same[i]);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    ck_assert_msg(!text_is_media_type(others[i], "application/json"), "%s", others[i]);
  ck_assert(!text_is_media_type(NULL, "application/json"));
}
END_TEST

TEST_MAIN("text", test_media_type, test_trim, test_same, test_alnum, test_copy, test_list, test_distance,
          test_similar, test_show)
