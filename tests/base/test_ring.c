#include "base/ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

#include "support/test.h"

START_TEST(test_order_and_bounds) {
  struct ring *ring = ring_new(3);
  int items[5];
  ck_assert_ptr_null(ring_pop(ring));
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 4; i++) ck_assert(ring_push(ring, &items[i]));
    ck_assert(!ring_push(ring, &items[4]));
    ck_assert_uint_eq(ring_count(ring), 4);
    for (int i = 0; i < 4; i++) ck_assert_ptr_eq(ring_pop(ring), &items[i]);
    ck_assert_ptr_null(ring_pop(ring));
  }
  ring_free(ring);
  ring_free(NULL);
}
END_TEST

enum { THREADS = 4, EACH = 50000 };
static struct ring *shared;
static _Atomic uint64_t sum, taken;

static void *produce(void *start) {
  for (uintptr_t i = 1; i <= EACH; i++)
    while (!ring_push(shared, (void *)((uintptr_t)start + i))) sched_yield();
  return NULL;
}

static void *consume(void *unused) {
  (void)unused;
  while (atomic_load(&taken) < (uint64_t)THREADS * EACH) {
    void *item = ring_pop(shared);
    if (!item) {
      sched_yield();
      continue;
    }
    atomic_fetch_add(&sum, (uintptr_t)item);
    atomic_fetch_add(&taken, 1);
  }
  return NULL;
}

START_TEST(test_nothing_lost_or_twice_under_threads) {
  pthread_t producers[THREADS], consumers[THREADS];
  uint64_t expected = 0;
  shared = ring_new(64);
  for (uintptr_t i = 0; i < THREADS; i++) {
    pthread_create(&producers[i], NULL, produce, (void *)(i * EACH));
    pthread_create(&consumers[i], NULL, consume, NULL);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(producers[i], NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(consumers[i], NULL);
  for (uint64_t i = 1; i <= (uint64_t)THREADS * EACH; i++) expected += i;
  ck_assert_uint_eq(atomic_load(&sum), expected);
  ck_assert_ptr_null(ring_pop(shared));
  ring_free(shared);
}
END_TEST

TEST_MAIN("ring", test_order_and_bounds, test_nothing_lost_or_twice_under_threads)
