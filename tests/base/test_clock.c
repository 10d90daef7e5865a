/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include "support/test.h"

START_TEST(test_timespec) {
  static const struct {
    uint64_t ns;
    time_t seconds;
    long rest;
  } cases[] = {{0, 0, 0},
               {999999999, 0, 999999999},
               {CLOCK_NS_PER_S, 1, 0},
               {1795348800 * CLOCK_NS_PER_S + 250 * CLOCK_NS_PER_MS, 1795348800, 250000000},
               {UINT64_MAX, 18446744073, 709551615}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct timespec time = clock_timespec(cases[i].ns);
    ck_assert_int_eq(time.tv_sec, cases[i].seconds);
    ck_assert_int_eq(time.tv_nsec, cases[i].rest);
  }
}
END_TEST

START_TEST(test_anchor_counts_on_the_monotonic_clock) {
  const struct clock_anchor anchor = {.unix_ns = 1000, .mono_ns = 50};
  ck_assert_uint_eq(clock_anchor_unix_ns(&anchor, 50), 1000);
  ck_assert_uint_eq(clock_anchor_unix_ns(&anchor, 70), 1020);
  ck_assert_uint_eq(clock_anchor_unix_ns(&anchor, 40), 990);
}
END_TEST

START_TEST(test_stop_is_a_second_too_late) {
  ck_assert_uint_eq(clock_stopped_ns(0, 0), 0);
  ck_assert_uint_eq(clock_stopped_ns(CLOCK_NS_PER_S, 0), 0);
  ck_assert_uint_eq(clock_stopped_ns(CLOCK_NS_PER_S + 1, 0), CLOCK_NS_PER_S + 1);
  ck_assert_uint_eq(clock_stopped_ns(6 * CLOCK_NS_PER_S, 5 * CLOCK_NS_PER_S), 0);
  ck_assert_uint_eq(clock_stopped_ns(9 * CLOCK_NS_PER_S, 5 * CLOCK_NS_PER_S), 9 * CLOCK_NS_PER_S);
}
END_TEST

START_TEST(test_sleep_takes_at_least_its_time) {
  uint64_t start = clock_mono_ns();
  clock_sleep_ns(3 * CLOCK_NS_PER_MS);
  ck_assert_uint_ge(clock_mono_ns() - start, 3 * CLOCK_NS_PER_MS);
}
END_TEST

TEST_MAIN("clock", test_timespec, test_anchor_counts_on_the_monotonic_clock, test_stop_is_a_second_too_late,
          test_sleep_takes_at_least_its_time)
