/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "support/test.h"

START_TEST(test_appends) {
  struct buf b = BUF_INIT(SIZE_MAX);
  buf_puts(&b, "a");
  buf_putc(&b, 'b');
  buf_append(&b, "cd", 2);
  buf_append(&b, NULL, 0);
  buf_put_u64(&b, UINT64_MAX);
  buf_put_i64(&b, INT64_MIN);
  buf_put_hex(&b, (const uint8_t *)"\x00\xff\x1a", 3);
  ck_assert_str_eq(buf_cstr(&b), "abcd18446744073709551615-922337203685477580800ff1a");
  buf_free(&b);
}
END_TEST

START_TEST(test_doubles) {
  static const struct {
    double value;
    const char *text;
  } cases[] = {{0, "0"},
               {1, "1"},
               {-2, "-2"},
               {0.005, "0.005"},
               {0.1 + 0.2, "0.30000000000000004"},
               {1e300, "1e+300"},
               {1e15, "1e+15"},
               {-0.0, "-0"},
               {2.5, "2.5"},
               {INFINITY, "+Inf"},
               {-INFINITY, "-Inf"},
               {NAN, "NaN"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct buf b = BUF_INIT(100);
    buf_put_double(&b, cases[i].value);
    ck_assert_str_eq(buf_cstr(&b), cases[i].text);
    buf_free(&b);
  }
}
END_TEST

START_TEST(test_limit_is_sticky) {
  struct buf b = BUF_INIT(4);
  buf_puts(&b, "abc");
  buf_puts(&b, "de");
  ck_assert(buf_failed(&b));
  buf_puts(&b, "f"); /* it would fit, but the content is incomplete already */
  ck_assert_uint_eq(b.len, 3);
  ck_assert_ptr_null(buf_cstr(&b));
  buf_reset(&b);
  buf_puts(&b, "abcd");
  ck_assert(!buf_failed(&b));
  buf_free(&b);
}
END_TEST

/* The fast path for a few decimals gives the same digits as %g. */
START_TEST(test_decimals_are_the_shortest) {
  struct buf b = BUF_INIT(100);
  for (uint64_t n = 0; n < 200000; n++) {
    double value = (double)(random_at(1, n) >> (14 + n % 50)) / (n % 2 ? 1e6 : 1e7);
    char expected[40];
    for (int digits = 15; digits <= 17; digits++) {
      snprintf(expected, sizeof expected, "%.*g", digits, value);
      if (strtod(expected, NULL) == value) break;
    }
    if (value == floor(value) && value < 1e15) snprintf(expected, sizeof expected, "%.0f", value);
    buf_reset(&b);
    buf_put_double(&b, value);
    ck_assert_str_eq(buf_cstr(&b), expected);
  }
  buf_free(&b);
}
END_TEST

TEST_MAIN("buf", test_appends, test_doubles, test_decimals_are_the_shortest, test_limit_is_sticky)
