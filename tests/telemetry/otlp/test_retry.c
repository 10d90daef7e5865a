/* SPDX-License-Identifier: MIT */
#include "telemetry/otlp/retry.h"

#include "base/clock.h"
#include "support/test.h"

START_TEST(test_statuses) {
  for (int status = 100; status < 600; status++)
    ck_assert_int_eq(tel_retry_status(status),
                     status == 429 || status == 502 || status == 503 || status == 504);
  ck_assert(!tel_retry_status(0));
}
END_TEST

START_TEST(test_retry_after) {
  const uint64_t now = UINT64_C(784111777) * CLOCK_NS_PER_S + 5; /* Sun, 06 Nov 1994 08:49:37 GMT */
  static const struct {
    const char *value;
    double seconds; /* -1: not valid */
  } cases[] = {
      {"0", 0},
      {"1", 1},
      {"120", 120},
      {"7 ", 7},
      {"99999999999999999999999999", 86400},
      {"Sun, 06 Nov 1994 08:49:47 GMT", 10},
      {"Sunday, 06-Nov-94 08:50:37 GMT", 60},
      {"Sun Nov  6 08:49:38 1994", 1},
      {"Sun, 06 Nov 1994 08:49:36 GMT", 0},
      {"Mon, 06 Nov 2034 08:49:36 GMT", 86400},
      {"", -1},
      {"-1", -1},
      {"1.5", -1},
      {"5s", -1},
      {"soon", -1},
      {" 5", -1}, /* blanks around it are cut off before */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint64_t delay = 42;
    bool valid = tel_retry_after(cases[i].value, now, &delay);
    ck_assert_msg(valid == (cases[i].seconds >= 0), "\"%s\"", cases[i].value);
    if (valid)
      ck_assert_msg((double)delay / CLOCK_NS_PER_S == cases[i].seconds, "\"%s\": %lu", cases[i].value,
                    (unsigned long)delay);
    else
      ck_assert_uint_eq(delay, 42);
  }
}
END_TEST

START_TEST(test_backoff) {
  static const uint64_t most_ms[] = {500, 1000, 2000, 4000, 5000, 5000, 5000};
  for (unsigned attempt = 0; attempt < 7; attempt++) {
    uint64_t most = most_ms[attempt] * CLOCK_NS_PER_MS;
    ck_assert_uint_eq(tel_retry_backoff_ns(attempt, 0), most / 2);
    ck_assert_uint_eq(tel_retry_backoff_ns(attempt, 1), most);
    ck_assert_uint_eq(tel_retry_backoff_ns(attempt, 0.5), most / 4 * 3);
  }
  ck_assert_uint_eq(tel_retry_backoff_ns(1000000, 1), 5 * CLOCK_NS_PER_S);
}
END_TEST

TEST_MAIN("retry", test_statuses, test_retry_after, test_backoff)
