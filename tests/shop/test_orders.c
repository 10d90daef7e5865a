/* SPDX-License-Identifier: MIT */
#include "shop/orders.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "support/test.h"

enum { HOUR_S = 3600 };

static bool add(struct shop_orders *orders, uint8_t n) {
  struct shop_order *order = shop_orders_reserve(orders);
  if (!order) return false;
  memset(order->id, n, sizeof order->id);
  order->quantity = n;
  shop_orders_add(orders, order);
  return true;
}

static enum shop_orders_claim claim(struct shop_orders *orders, uint8_t n, uint64_t wait_ns) {
  struct shop_order order;
  uint8_t id[10];
  memset(id, n, sizeof id);
  enum shop_orders_claim result = shop_orders_claim(orders, id, clock_mono_ns() + wait_ns, &order);
  if (result == SHOP_ORDERS_CLAIMED || result == SHOP_ORDERS_PAID) ck_assert_uint_eq(order.quantity, n);
  return result;
}

static void settle(struct shop_orders *orders, uint8_t n, bool paid) {
  uint8_t id[10];
  memset(id, n, sizeof id);
  shop_orders_settle(orders, id, paid);
}

START_TEST(test_an_order_is_paid_once) {
  struct shop_orders *orders = shop_orders_new(10, HOUR_S * CLOCK_NS_PER_S);
  ck_assert(add(orders, 1));
  ck_assert_int_eq(claim(orders, 2, 0), SHOP_ORDERS_UNKNOWN);
  ck_assert_int_eq(claim(orders, 1, 0), SHOP_ORDERS_CLAIMED);
  ck_assert_int_eq(claim(orders, 1, 0), SHOP_ORDERS_BUSY);
  settle(orders, 1, false);
  ck_assert_int_eq(claim(orders, 1, 0), SHOP_ORDERS_CLAIMED); /* after a failure it can be paid again */
  settle(orders, 1, true);
  ck_assert_int_eq(claim(orders, 1, 0), SHOP_ORDERS_PAID);
  ck_assert_uint_eq(shop_orders_count(orders), 1);
  shop_orders_free(orders);
}
END_TEST

/* Finding an order claims nothing and does not wait. An order with a running payment is not paid yet. */
START_TEST(test_looking_does_not_wait) {
  struct shop_orders *orders = shop_orders_new(10, HOUR_S * CLOCK_NS_PER_S);
  struct shop_order order = {.quantity = 77};
  uint8_t id[10];
  bool paid = true;
  memset(id, 1, sizeof id);
  ck_assert(!shop_orders_find(orders, id, &order, &paid));
  ck_assert(order.quantity == 77 && paid); /* untouched */
  ck_assert(add(orders, 1));
  ck_assert(shop_orders_find(orders, id, &order, &paid));
  ck_assert(order.quantity == 1 && !paid);
  ck_assert_int_eq(claim(orders, 1, 0), SHOP_ORDERS_CLAIMED);
  ck_assert(shop_orders_find(orders, id, &order, &paid) && !paid);
  settle(orders, 1, true);
  ck_assert(shop_orders_find(orders, id, &order, &paid) && paid);
  shop_orders_free(orders);
}
END_TEST

START_TEST(test_oldest_paid_orders_leave_first) {
  struct shop_orders *orders = shop_orders_new(3, HOUR_S * CLOCK_NS_PER_S);
  for (uint8_t n = 1; n <= 3; n++) ck_assert(add(orders, n));
  ck_assert(!add(orders, 4)); /* all unpaid and young: full */
  for (uint8_t n = 3; n >= 2; n--) {
    ck_assert_int_eq(claim(orders, n, 0), SHOP_ORDERS_CLAIMED);
    settle(orders, n, true);
  }
  ck_assert(add(orders, 4)); /* 3 was paid first */
  ck_assert_int_eq(claim(orders, 3, 0), SHOP_ORDERS_UNKNOWN);
  ck_assert_int_eq(claim(orders, 2, 0), SHOP_ORDERS_PAID);
  ck_assert(add(orders, 5));
  ck_assert_int_eq(claim(orders, 2, 0), SHOP_ORDERS_UNKNOWN);
  ck_assert(!add(orders, 6));
  ck_assert_int_eq(claim(orders, 1, 0), SHOP_ORDERS_CLAIMED);
  ck_assert(!add(orders, 6)); /* a claimed order is never dropped */
  settle(orders, 1, false);
  ck_assert_uint_eq(shop_orders_count(orders), 3);
  shop_orders_free(orders);
}
END_TEST

START_TEST(test_unpaid_orders_leave_after_their_time) {
  struct shop_orders *orders = shop_orders_new(2, 0);
  for (uint8_t n = 1; n <= 3; n++) ck_assert(add(orders, n));
  ck_assert_int_eq(claim(orders, 1, 0), SHOP_ORDERS_UNKNOWN);
  ck_assert_int_eq(claim(orders, 2, 0), SHOP_ORDERS_CLAIMED);
  settle(orders, 2, false);
  shop_orders_free(orders);
}
END_TEST

START_TEST(test_a_released_reservation_gives_its_place_back) {
  struct shop_orders *orders = shop_orders_new(1, HOUR_S * CLOCK_NS_PER_S);
  struct shop_order *order = shop_orders_reserve(orders);
  ck_assert_ptr_nonnull(order);
  ck_assert_ptr_null(shop_orders_reserve(orders));
  shop_orders_release(orders, order);
  ck_assert_uint_eq(shop_orders_count(orders), 0);
  ck_assert(add(orders, 1));
  shop_orders_free(orders);
}
END_TEST

enum { THREADS = 8, ROUNDS = 2000, CAPACITY = 4096 };
static struct shop_orders *shared;
static _Atomic unsigned successes, too_many;

static void *order_and_pay(void *unused) {
  (void)unused;
  for (int i = 0; i < ROUNDS; i++) {
    struct shop_order *order = shop_orders_reserve(shared), copy;
    if (!order) continue; /* unpaid orders fill the store: rare, but correct */
    uint8_t id[10];
    random_bytes(id, sizeof id);
    memcpy(order->id, id, sizeof id);
    shop_orders_add(shared, order);
    if (shop_orders_count(shared) > CAPACITY) atomic_fetch_add(&too_many, 1);
    ck_assert_int_eq(shop_orders_claim(shared, id, clock_mono_ns() + CLOCK_NS_PER_S, &copy),
                     SHOP_ORDERS_CLAIMED);
    shop_orders_settle(shared, id, true);
  }
  return NULL;
}

START_TEST(test_the_bound_holds_under_threads) {
  pthread_t threads[THREADS];
  shared = shop_orders_new(CAPACITY, HOUR_S * CLOCK_NS_PER_S);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, order_and_pay, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  ck_assert_uint_eq(atomic_load(&too_many), 0);
  ck_assert_uint_eq(shop_orders_count(shared), CAPACITY); /* of 16,000 paid orders, the newest stay */
  shop_orders_free(shared);
}
END_TEST

static void *pay_the_same(void *unused) {
  (void)unused;
  enum shop_orders_claim result = claim(shared, 7, 30 * CLOCK_NS_PER_S);
  if (result == SHOP_ORDERS_CLAIMED) {
    atomic_fetch_add(&successes, 1);
    clock_sleep_ns(CLOCK_NS_PER_MS);
    settle(shared, 7, true);
  } else {
    ck_assert_int_eq(result, SHOP_ORDERS_PAID);
  }
  return NULL;
}

START_TEST(test_payments_of_one_order_wait_for_each_other) {
  pthread_t threads[THREADS];
  shared = shop_orders_new(10, HOUR_S * CLOCK_NS_PER_S);
  ck_assert(add(shared, 7));
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, pay_the_same, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  ck_assert_uint_eq(atomic_load(&successes), 1);
  shop_orders_free(shared);
}
END_TEST

TEST_MAIN("orders", test_an_order_is_paid_once, test_looking_does_not_wait,
          test_oldest_paid_orders_leave_first, test_unpaid_orders_leave_after_their_time,
          test_a_released_reservation_gives_its_place_back, test_the_bound_holds_under_threads,
          test_payments_of_one_order_wait_for_each_other)
