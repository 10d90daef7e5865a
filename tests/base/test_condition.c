/* SPDX-License-Identifier: MIT */
#include "base/condition.h"

#include "base/clock.h"
#include "support/test.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static bool ready;

/* On the wall clock such a deadline would lie decades back, and the wait would end at once. */
START_TEST(test_deadline_is_on_the_monotonic_clock) {
  uint64_t deadline = clock_mono_ns() + 20 * CLOCK_NS_PER_MS;
  condition_init(&changed);
  pthread_mutex_lock(&lock);
  while (condition_wait(&changed, &lock, deadline)) continue;
  ck_assert_uint_ge(clock_mono_ns(), deadline);
  ck_assert(!condition_wait(&changed, &lock, deadline)); /* it has passed */
  ck_assert(!condition_wait(&changed, &lock, 0));
  pthread_mutex_unlock(&lock);
  pthread_cond_destroy(&changed);
}
END_TEST

static void *signal_it(void *cls) {
  pthread_mutex_lock(&lock);
  ready = true;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
  return cls;
}

START_TEST(test_signal_ends_the_wait) {
  static const uint64_t waits_ns[] = {3600 * CLOCK_NS_PER_S, 0};
  for (size_t i = 0; i < sizeof waits_ns / sizeof *waits_ns; i++) {
    uint64_t deadline = waits_ns[i] ? clock_mono_ns() + waits_ns[i] : CONDITION_NO_DEADLINE;
    pthread_t thread;
    ready = false;
    condition_init(&changed);
    pthread_mutex_lock(&lock);
    ck_assert_int_eq(pthread_create(&thread, NULL, signal_it, NULL), 0);
    while (!ready) ck_assert(condition_wait(&changed, &lock, deadline));
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&changed);
  }
}
END_TEST

TEST_MAIN("condition", test_deadline_is_on_the_monotonic_clock, test_signal_ends_the_wait)
