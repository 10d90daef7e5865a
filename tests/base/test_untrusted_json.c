/* SPDX-License-Identifier: MIT */
#include "base/untrusted_json.h"

#include <string.h>

#include "support/test.h"

static void is_refused(const char *text, size_t len, unsigned depth, const char *said) {
  struct error error;
  ck_assert_msg(!untrusted_json_object(text, len, depth, &error), "%s", text);
  ck_assert_msg(strstr(error.text, said) != NULL, "%s: %s", text, error.text);
}

START_TEST(test_objects_are_taken) {
  static const char *const texts[] = {"{}", " {\"a\":[1,{\"b\":null}]}\r\n\t",
                                      "{\"a\":99999999999999999999}"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct error error;
    json_t *json = untrusted_json_object(texts[i], strlen(texts[i]), 3, &error);
    ck_assert_msg(json_is_object(json), "%s: %s", texts[i], error.text);
    ck_assert_str_eq(error.text, "");
    json_decref(json);
  }
}
END_TEST

START_TEST(test_depths) {
  static const struct {
    const char *text;
    unsigned depth; /* the smallest limit that it satisfies */
  } cases[] = {
      {"", 0},
      {"1", 0},
      {"[]", 1},
      {"{}", 1},
      {"[[],[]]", 2},
      {"{\"a\":[1,{\"b\":2}]}", 3},
      {"[[[", 3},
      {"\"[[[\"", 0},
      {"[\"\\\"[[\",1]", 1},
      {"[\"\\\\\",[1]]", 2}, /* the string ends behind the escaped backslash */
      {"]]][", 1},
      {"\"[", 0},
      {"\"\\", 0},
      {"[\"\\u005b\"]", 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct error error;
    size_t len = strlen(cases[i].text);
    json_decref(untrusted_json_object(cases[i].text, len, cases[i].depth, &error));
    ck_assert_msg(!strstr(error.text, "is nested"), "%s", cases[i].text);
    if (cases[i].depth > 0) is_refused(cases[i].text, len, cases[i].depth - 1, "is nested more than");
  }
  is_refused("[[[]]]", 6, 2, "is nested more than 2 levels deep");
  is_refused(NULL, 0, 0, "the text ends too early");
}
END_TEST

START_TEST(test_nul_bytes_are_refused) {
  static const struct {
    const char *text;
    size_t len;
  } cases[] = {{"{\"a\":7\0}", 8}, {"{\"a\":1.5\0,\"b\":2}", 16}, {"{\"a\":1}\0", 8},
               {"{\0\"a\":1}", 8}, {"{\"a\":\"\0\"}", 9},         {"\0", 1},
               {"7\0", 2}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    is_refused(cases[i].text, cases[i].len, 8, "has a NUL byte");
}
END_TEST

START_TEST(test_mistakes_are_named) {
  static const struct {
    const char *text, *said;
  } cases[] = {
      {"[]", "is not a JSON object"},
      {"1", "is not a JSON object"},
      {"99999999999999999999999", "is not a JSON object"},
      {"{\"a\":1,\"a\":2}", "the same field occurs twice"},
      {"{\"a\":{\"b\":1,\"b\":2}}", "the same field occurs twice"},
      {"{} x", "line 1, column 4 (byte 4): there is more text after the JSON value"},
      {"{\"a\":\"\\u0000\"}", "\\u0000 is not allowed"},
      {"{\"\\u0000\":1}", "\\u0000 is not allowed"},
      {"{\"a\":\"\xff\"}", "this is not UTF-8"},
      {"{\"a\":", "the text ends too early"},
      {"{a}", "this is not JSON syntax"},
      {"\xef\xbb\xbf{}", "this is not JSON syntax"},
      {"{\"a\":1e999}", "this number is too large"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    is_refused(cases[i].text, strlen(cases[i].text), 8, cases[i].said);
}
END_TEST

TEST_MAIN("untrusted_json", test_objects_are_taken, test_depths, test_nul_bytes_are_refused,
          test_mistakes_are_named)
