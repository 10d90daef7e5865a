/* SPDX-License-Identifier: MIT */
#include "base/nesting.h"

#include <string.h>

#include "support/test.h"

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
    size_t len = strlen(cases[i].text);
    ck_assert_msg(nesting_within(cases[i].text, len, cases[i].depth), "%s", cases[i].text);
    ck_assert_msg(cases[i].depth == 0 || !nesting_within(cases[i].text, len, cases[i].depth - 1), "%s",
                  cases[i].text);
  }
  ck_assert(nesting_within(NULL, 0, 0));
}
END_TEST

TEST_MAIN("nesting", test_depths)
