/* SPDX-License-Identifier: MIT */
#include "telemetry/core/gather.h"

#include <pthread.h>

#include "support/test.h"

enum { THREADS = 4, EACH = 20000, FEW = 3 * TEL_GATHER_ITEMS + 1 };

static struct tel_gather gathers[SHARDS];
static struct tel_item items[THREADS][EACH]; /* weight: how often it was taken */

/* Counts what is there. */
static unsigned take(void) {
  struct tel_item *first = NULL, **last = &first;
  unsigned count = 0;
  tel_gather_take(gathers, &last);
  ck_assert_ptr_null(*last);
  for (struct tel_item *item = first; item; item = item->next, count++) item->weight++;
  return count;
}

START_TEST(test_more_than_an_array_holds) {
  tel_gather_init(gathers);
  ck_assert_uint_eq(take(), 0);
  for (int i = 0; i < FEW; i++) ck_assert(tel_gather_add(gathers, &items[0][i]));
  ck_assert_uint_eq(take(), FEW);
  ck_assert_uint_eq(take(), 0);
  for (int i = 0; i < FEW; i++) ck_assert_uint_eq(items[0][i].weight, 1);
}
END_TEST

START_TEST(test_busy_ones_are_passed_by) {
  tel_gather_init(gathers);
  for (int i = 1; i < SHARDS; i++) atomic_store(&gathers[i].busy, true);
  ck_assert(tel_gather_add(gathers, &items[0][0]));
  atomic_store(&gathers[0].busy, true);
  ck_assert(!tel_gather_add(gathers, &items[0][1]));
  ck_assert_uint_eq(take(), 0); /* somebody is in it */
  atomic_store(&gathers[0].busy, false);
  ck_assert_uint_eq(take(), 1);
}
END_TEST

static void *add_each(void *cls) {
  struct tel_item *mine = cls;
  for (int i = 0; i < EACH; i++)
    while (!tel_gather_add(gathers, &mine[i])) continue;
  return NULL;
}

START_TEST(test_threads_lose_nothing) {
  pthread_t threads[THREADS];
  unsigned count = 0;
  tel_gather_init(gathers);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, add_each, items[i]);
  while (count < THREADS * EACH) count += take();
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  ck_assert_uint_eq(take(), 0);
  for (int t = 0; t < THREADS; t++)
    for (int i = 0; i < EACH; i++) ck_assert_uint_eq(items[t][i].weight, 1);
}
END_TEST

TEST_MAIN("gather", test_more_than_an_array_holds, test_busy_ones_are_passed_by, test_threads_lose_nothing)
