/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <string.h>

#include "support/test.h"

START_TEST(set_and_prefixed) {
  struct error error;
  error_set(&error, "%s takes a number, not %d", "seed", -1);
  ck_assert_str_eq(error.text, "seed takes a number, not -1");
  error_set(&error, "%s:%d: %s", "minishop.conf", 7, error.text); /* its own text as an argument */
  ck_assert_str_eq(error.text, "minishop.conf:7: seed takes a number, not -1");
  error_set(&error, "ignored: %s", error.text);
  ck_assert_str_eq(error.text, "ignored: minishop.conf:7: seed takes a number, not -1");
}
END_TEST

START_TEST(cut_to_its_size) {
  struct error error;
  char large[2 * ERROR_SIZE];
  memset(large, 'a', sizeof large - 1);
  large[sizeof large - 1] = '\0';
  error_set(&error, "%s", large);
  ck_assert_uint_eq(strlen(error.text), ERROR_SIZE - 1);
  error_set(&error, "%s: %s", large, error.text);
  ck_assert_uint_eq(strlen(error.text), ERROR_SIZE - 1);
}
END_TEST

START_TEST(controls_replaced) {
  struct error error;
  error_set(&error, "unknown user \"%s\"", "\x1b[31m\n\r\t\x7f\xc3\xa9");
  ck_assert_str_eq(error.text, "unknown user \"?[31m????\xc3\xa9\"");
}
END_TEST

TEST_MAIN("error", set_and_prefixed, cut_to_its_size, controls_replaced)
