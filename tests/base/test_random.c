/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

static bool sandboxed;

ssize_t __real_getrandom(void *out, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags);

ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags) {
  return sandboxed ? -1 : __real_getrandom(out, size, flags);
}

START_TEST(test_a_seed_names_a_sequence) {
  ck_assert_uint_eq(random_at(42, 7), random_at(42, 7));
  ck_assert_uint_ne(random_at(42, 7), random_at(42, 8));
  ck_assert_uint_ne(random_at(42, 7), random_at(43, 7));
  /* The published first outputs of splitmix64 from state 0. */
  ck_assert_uint_eq(random_at(0, 0), UINT64_C(0xE220A8397B1DCDAF));
  ck_assert_uint_eq(random_at(0, 1), UINT64_C(0x6E789E6AA1B965F4));
}
END_TEST

START_TEST(test_units_are_spread) {
  double sum = 0;
  for (int i = 0; i < 100000; i++) {
    double u = random_unit();
    ck_assert(u >= 0 && u < 1);
    sum += u;
  }
  ck_assert(sum > 49000 && sum < 51000); /* the standard deviation is 91 */
}
END_TEST

START_TEST(test_bytes_fill_all_and_no_more) {
  unsigned char block[32];
  memset(block, 0xAA, sizeof block);
  random_bytes(block, 13);
  for (size_t i = 13; i < sizeof block; i++) ck_assert_uint_eq(block[i], 0xAA);
}
END_TEST

START_TEST(test_a_forked_child_draws_other_numbers) {
  uint64_t of[4];
  int ends[2];
  random_u64(); /* the parent has a seed by now */
  ck_assert_int_eq(pipe(ends), 0);
  for (int i = 0; i < 3; i++) {
    pid_t child = fork();
    if (child == 0) {
      uint64_t number = random_u64();
      _exit(write(ends[1], &number, sizeof number) == sizeof number ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(read(ends[0], &of[i], sizeof of[i]), sizeof of[i]);
  }
  of[3] = random_u64();
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < i; j++) ck_assert_uint_ne(of[i], of[j]);
}
END_TEST

static void *draw(void *out) {
  *(uint64_t *)out = random_u64();
  return NULL;
}

START_TEST(test_without_the_system_threads_differ_all_the_same) {
  enum { THREADS = 8 };
  uint64_t of[THREADS] = {0};
  sandboxed = true;
  for (int i = 0; i < THREADS; i++) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, draw, &of[i]), 0);
    pthread_join(thread, NULL);
    for (int j = 0; j < i; j++) ck_assert_uint_ne(of[i], of[j]);
  }
  sandboxed = false;
}
END_TEST

START_TEST(test_a_uuid_is_of_version_4) {
  char one[RANDOM_UUID_SIZE], other[RANDOM_UUID_SIZE];
  random_uuid(one);
  random_uuid(other);
  ck_assert_str_ne(one, other);
  ck_assert_uint_eq(strlen(one), 36);
  ck_assert_int_eq(one[14], '4');
  ck_assert_ptr_nonnull(strchr("89ab", one[19]));
  for (size_t i = 0; i < 36; i++)
    ck_assert_ptr_nonnull(strchr(i == 8 || i == 13 || i == 18 || i == 23 ? "-" : "0123456789abcdef", one[i]));
}
END_TEST

TEST_MAIN("random", test_a_seed_names_a_sequence, test_units_are_spread, test_bytes_fill_all_and_no_more,
          test_a_forked_child_draws_other_numbers, test_without_the_system_threads_differ_all_the_same,
          test_a_uuid_is_of_version_4)
