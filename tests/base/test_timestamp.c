/* SPDX-License-Identifier: MIT */
#include "base/timestamp.h"

#include <stdio.h>
#include <time.h>

#include "base/random.h"
#include "support/test.h"

static const uint64_t second_ns = 1000000000;

START_TEST(test_decimals) {
  static const struct {
    uint64_t unix_ns;
    unsigned decimals;
    const char *text;
  } cases[] = {
      {0, 9, "1970-01-01T00:00:00.000000000Z"},
      {1795348800250000000, 3, "2026-11-22T12:00:00.250Z"},
      {951782399999999999, 9, "2000-02-28T23:59:59.999999999Z"},
      {951782399999999999, 3, "2000-02-28T23:59:59.999Z"}, /* not rounded into the next day */
      {951782400000000001, 1, "2000-02-29T00:00:00.0Z"},
      {951868800000000000, 6, "2000-03-01T00:00:00.000000Z"},
      {UINT64_MAX, 9, "2554-07-21T23:34:33.709551615Z"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[TIMESTAMP_MAX + 1];
    *timestamp_write(text, cases[i].unix_ns, cases[i].decimals) = '\0';
    ck_assert_str_eq(text, cases[i].text);
  }
}
END_TEST

/* The C library's calendar agrees on random times and on each day from 1970 to 2554. */
START_TEST(test_agrees_with_the_c_library) {
  enum { DAYS = 213000, RANDOM = 100000 };
  for (uint64_t n = 0; n < DAYS + RANDOM; n++) {
    uint64_t unix_ns = n < DAYS ? n * 86400 * second_ns : random_at(1, n);
    time_t seconds = (time_t)(unix_ns / second_ns);
    char text[TIMESTAMP_MAX + 1], date[24], expected[40];
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(expected, sizeof expected, "%s.%09uZ", date, (unsigned)(unix_ns % second_ns));
    *timestamp_write(text, unix_ns, 9) = '\0';
    ck_assert_str_eq(text, expected);
  }
}
END_TEST

TEST_MAIN("timestamp", test_decimals, test_agrees_with_the_c_library)
