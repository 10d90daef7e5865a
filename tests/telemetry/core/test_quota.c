/* SPDX-License-Identifier: MIT */
#include "config.h" /* first: GNU extensions */

#include "telemetry/core/quota.h"

#include <pthread.h>
#include <sched.h>

#include "support/test.h"

enum { CAPACITY = 1000, STEP = 8, THREADS = 4 };

static _Alignas(SHARD_LINE) struct tel_quota quota;

/* How often 1 can be taken. */
static uint64_t take_all(void) {
  uint64_t taken = 0;
  while (tel_quota_take(&quota, 1)) taken++;
  return taken;
}

START_TEST(test_bound_is_exact) {
  tel_quota_init(&quota, CAPACITY, STEP);
  ck_assert_uint_eq(tel_quota_taken(&quota), 0);
  ck_assert(tel_quota_take(&quota, 3));
  ck_assert_uint_eq(tel_quota_taken(&quota), 3);
  ck_assert_uint_ge(tel_quota_granted(&quota), 3);
  ck_assert_uint_eq(take_all(), CAPACITY - 3);
  ck_assert_uint_eq(tel_quota_taken(&quota), CAPACITY);
  tel_quota_give(&quota, 5);
  ck_assert(!tel_quota_take(&quota, 6));
  ck_assert(tel_quota_take(&quota, 5));
  ck_assert(!tel_quota_take(&quota, 1));
  tel_quota_give(&quota, CAPACITY);
  ck_assert_uint_eq(tel_quota_taken(&quota), 0);
  ck_assert(!tel_quota_take(&quota, CAPACITY + 1));
  ck_assert(tel_quota_take(&quota, CAPACITY));
}
END_TEST

static bool move_to(int processor) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(processor, &only);
  return sched_setaffinity(0, sizeof only, &only) == 0;
}

/* What one processor was granted in advance is there for the others. */
START_TEST(test_nothing_is_kept_from_the_others) {
  cpu_set_t all;
  uint64_t taken = 0;
  tel_quota_init(&quota, CAPACITY, STEP);
  ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
  for (int i = 0; i < CPU_SETSIZE; i++)
    if (CPU_ISSET(i, &all) && move_to(i)) taken += tel_quota_take(&quota, 1);
  ck_assert_uint_ge(taken, 1);
  ck_assert_uint_eq(take_all(), CAPACITY - taken);
}
END_TEST

static void *run(void *cls) {
  *(uint64_t *)cls = take_all();
  return NULL;
}

START_TEST(test_threads_share_it) {
  pthread_t threads[THREADS];
  uint64_t taken[THREADS] = {0}, sum = 0;
  tel_quota_init(&quota, CAPACITY, STEP);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, run, &taken[i]);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    sum += taken[i];
  }
  ck_assert_uint_eq(sum + take_all(), CAPACITY);
  ck_assert_uint_eq(tel_quota_taken(&quota), CAPACITY);
}
END_TEST

TEST_MAIN("quota", test_bound_is_exact, test_nothing_is_kept_from_the_others, test_threads_share_it)
