/* SPDX-License-Identifier: MIT */
#include "telemetry/core/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

#include "support/test.h"

START_TEST(test_bounded_and_last_in_first_out) {
  struct tel_pool *pool = tel_pool_new(3, 5);
  int stranger;
  void *a = tel_pool_take(pool), *b = tel_pool_take(pool), *c = tel_pool_take(pool);
  ck_assert(a && b && c && a != b && b != c && a != c);
  ck_assert_ptr_null(tel_pool_take(pool));
  ck_assert(tel_pool_owns(pool, a) && tel_pool_owns(pool, c) && !tel_pool_owns(pool, &stranger));
  ck_assert_uint_eq((uintptr_t)b % 16, 0);
  tel_pool_give(pool, b);
  tel_pool_give(pool, a);
  ck_assert_ptr_eq(tel_pool_take(pool), a);
  ck_assert_ptr_eq(tel_pool_take(pool), b);
  ck_assert_ptr_null(tel_pool_take(pool));
  void *more = tel_pool_take_or_allocate(pool);
  ck_assert(more && !tel_pool_owns(pool, more));
  tel_pool_give_or_free(pool, more);
  tel_pool_give_or_free(pool, c);
  ck_assert_ptr_eq(tel_pool_take_or_allocate(pool), c);
  tel_pool_free(pool);
  tel_pool_free(NULL);
  ck_assert_ptr_null(tel_pool_new(0, 1));
}
END_TEST

enum { THREADS = 8, ROUNDS = 50000, OBJECTS = 6 };
static struct tel_pool *shared;
static atomic_int shared_twice;

static void *take_and_give(void *unused) {
  (void)unused;
  for (int i = 0; i < ROUNDS; i++) {
    _Atomic int *object = tel_pool_take(shared);
    if (!object) {
      sched_yield();
      continue;
    }
    if (atomic_exchange(object, 1) != 0) atomic_fetch_add(&shared_twice, 1);
    atomic_store(object, 0);
    tel_pool_give(shared, object);
  }
  return NULL;
}

START_TEST(test_nobody_gets_what_another_has) {
  pthread_t threads[THREADS];
  shared = tel_pool_new(OBJECTS, sizeof(_Atomic int));
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, take_and_give, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  ck_assert_int_eq(atomic_load(&shared_twice), 0);
  for (int i = 0; i < OBJECTS; i++) ck_assert_ptr_nonnull(tel_pool_take(shared)); /* none was lost */
  ck_assert_ptr_null(tel_pool_take(shared));
  tel_pool_free(shared);
}
END_TEST

TEST_MAIN("pool", test_bounded_and_last_in_first_out, test_nobody_gets_what_another_has)
