/* SPDX-License-Identifier: MIT */
#include "base/digits.h"

#include <float.h>
#include <stdio.h>

#include "support/test.h"

START_TEST(test_whole_numbers) {
  char text[DIGITS_U64_MAX + 2];
  *digits_u64(text, UINT64_MAX) = '\0';
  ck_assert_str_eq(text, "18446744073709551615");
  *digits_u64(text, 0) = '\0';
  ck_assert_str_eq(text, "0");
  *digits_i64(text, INT64_MIN) = '\0';
  ck_assert_str_eq(text, "-9223372036854775808");
  *digits_fixed(text, 7, 3) = '\0';
  ck_assert_str_eq(text, "007");
  *digits_fixed(text, 1234, 4) = '\0';
  ck_assert_str_eq(text, "1234");
}
END_TEST

/* test_buf.c tests the values. This file has the longest texts, and those that do not use the fast path. */
START_TEST(test_doubles_fit_and_read_back) {
  static const double values[] = {
      DBL_MAX,           -DBL_MAX,   DBL_MIN, -DBL_MIN, DBL_TRUE_MIN, DBL_EPSILON, 1e-4, 1e-5, 1.0 / 3,
      -123456789.123456, 1e9 + 1e-6, 1e15,    1e16,     1e22,         5e-324,      0.1,  -0.0, 2.5e-7};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    char *text = malloc(DIGITS_DOUBLE_MAX + 1), *end = digits_double(text, values[i]);
    ck_assert_int_le(end - text, DIGITS_DOUBLE_MAX);
    *end = '\0';
    ck_assert_msg(strtod(text, NULL) == values[i], "%s", text);
    free(text);
  }
}
END_TEST

START_TEST(test_millionths_are_written_as_printf_writes_them) {
  for (int millionths = 1; millionths <= 200000; millionths++) {
    double value = millionths / (millionths % 2 ? 1e6 : -1e6);
    char text[DIGITS_DOUBLE_MAX + 1], wanted[DIGITS_DOUBLE_MAX + 1];
    *digits_double(text, value) = '\0';
    snprintf(wanted, sizeof wanted, "%.15g", value);
    ck_assert_str_eq(text, wanted);
  }
}
END_TEST

TEST_MAIN("digits", test_whole_numbers, test_doubles_fit_and_read_back,
          test_millionths_are_written_as_printf_writes_them)
