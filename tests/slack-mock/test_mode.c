/* SPDX-License-Identifier: MIT */
#include "slack-mock/mode.h"

#include <pthread.h>

#include "base/clock.h"
#include "support/test.h"

START_TEST(test_each_mode_answers) {
  static const struct {
    const char *name;
    enum mock_result result;
  } cases[] = {
      {"ok", MOCK_OK},
      {"outage", MOCK_ROLLUP_ERROR},
      {"rate_limited", MOCK_RATE_LIMITED},
      {"throttled", MOCK_OK},
      {"revoked", MOCK_NO_SERVICE},
      {"invalid_token", MOCK_INVALID_TOKEN},
      {"action_prohibited", MOCK_ACTION_PROHIBITED},
      {"channel_not_found", MOCK_CHANNEL_NOT_FOUND},
      {"channel_is_archived", MOCK_CHANNEL_IS_ARCHIVED},
      {"user_not_found", MOCK_USER_NOT_FOUND},
  };
  struct mock_mode *mode = mock_mode_new();
  int delay_s;
  ck_assert_str_eq(mock_mode_get(mode, &delay_s)->name, "ok");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_int_eq(mock_mode_set(mode, cases[i].name, 7), 0);
    ck_assert_str_eq(mock_mode_get(mode, &delay_s)->name, cases[i].name);
    ck_assert_int_eq(delay_s, 7);
    ck_assert_msg(mock_mode_apply(mode, clock_mono_ns()) == cases[i].result, "%s", cases[i].name);
  }
  size_t rows = 0;
  while (mock_mode_row(rows)) rows++;
  ck_assert_uint_eq(rows, sizeof cases / sizeof *cases + 1); /* and "slow", which test_slow_waits tests */
  mock_mode_free(mode);
}
END_TEST

START_TEST(test_bad_values_change_nothing) {
  struct mock_mode *mode = mock_mode_new();
  int delay_s;
  ck_assert_int_eq(mock_mode_set(mode, "outage", 1), 0);
  ck_assert_int_eq(mock_mode_set(mode, "nonsense", 1), -1);
  ck_assert_int_eq(mock_mode_set(mode, "", 1), -1);
  ck_assert_int_eq(mock_mode_set(mode, "slow", 0), -1);
  ck_assert_int_eq(mock_mode_set(mode, "slow", MOCK_MODE_DELAY_MAX_S + 1), -1);
  ck_assert_int_eq(mock_mode_set(mode, "slow", INT64_MAX), -1);
  ck_assert_str_eq(mock_mode_get(mode, &delay_s)->name, "outage");
  ck_assert_int_eq(mock_mode_set(mode, "slow", MOCK_MODE_DELAY_MAX_S), 0);
  mock_mode_free(mode);
}
END_TEST

START_TEST(test_throttle_allows_bursts_and_one_a_second) {
  struct mock_mode *mode = mock_mode_new();
  const uint64_t t = 1000 * CLOCK_NS_PER_S;
  ck_assert_int_eq(mock_mode_set(mode, "throttled", 1), 0);
  for (int i = 0; i < 3; i++) ck_assert_int_eq(mock_mode_apply(mode, t), MOCK_OK);
  ck_assert_int_eq(mock_mode_apply(mode, t), MOCK_RATE_LIMITED);
  ck_assert_int_eq(mock_mode_apply(mode, t + CLOCK_NS_PER_S - 1), MOCK_RATE_LIMITED);
  ck_assert_int_eq(mock_mode_apply(mode, t + CLOCK_NS_PER_S), MOCK_OK);
  ck_assert_int_eq(mock_mode_apply(mode, t + CLOCK_NS_PER_S), MOCK_RATE_LIMITED);
  for (int i = 0; i < 3; i++) ck_assert_int_eq(mock_mode_apply(mode, t + 100 * CLOCK_NS_PER_S), MOCK_OK);
  ck_assert_int_eq(mock_mode_apply(mode, t + 100 * CLOCK_NS_PER_S), MOCK_RATE_LIMITED);
  mock_mode_free(mode);
}
END_TEST

START_TEST(test_slow_waits) {
  struct mock_mode *mode = mock_mode_new();
  uint64_t start = clock_mono_ns();
  ck_assert_int_eq(mock_mode_set(mode, "slow", 1), 0);
  ck_assert_int_eq(mock_mode_apply(mode, start), MOCK_OK);
  ck_assert_uint_ge(clock_mono_ns() - start, CLOCK_NS_PER_S);
  mock_mode_free(mode);
}
END_TEST

static void *apply_now(void *mode) {
  ck_assert_int_eq(mock_mode_apply(mode, clock_mono_ns()), MOCK_OK);
  return NULL;
}

/* Without the change or the stop, each would wait for a minute, which is the time limit of the test. */
START_TEST(test_change_and_stop_end_the_wait) {
  struct mock_mode *mode = mock_mode_new();
  pthread_t thread;
  ck_assert_int_eq(mock_mode_set(mode, "slow", MOCK_MODE_DELAY_MAX_S), 0);
  ck_assert_int_eq(pthread_create(&thread, NULL, apply_now, mode), 0);
  ck_assert_int_eq(mock_mode_set(mode, "ok", 1), 0);
  pthread_join(thread, NULL);
  ck_assert_int_eq(mock_mode_set(mode, "slow", MOCK_MODE_DELAY_MAX_S), 0);
  ck_assert_int_eq(pthread_create(&thread, NULL, apply_now, mode), 0);
  mock_mode_stop(mode);
  pthread_join(thread, NULL);
  ck_assert_int_eq(mock_mode_apply(mode, clock_mono_ns()), MOCK_OK); /* later messages do not wait either */
  mock_mode_free(mode);
}
END_TEST

TEST_MAIN("mode", test_each_mode_answers, test_bad_values_change_nothing,
          test_throttle_allows_bursts_and_one_a_second, test_slow_waits, test_change_and_stop_end_the_wait)
