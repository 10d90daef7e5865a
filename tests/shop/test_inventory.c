/* SPDX-License-Identifier: MIT */
#include "shop/inventory.h"

#include <pthread.h>

#include "base/clock.h"
#include "support/test.h"

START_TEST(test_catalogue) {
  ck_assert_int_eq(shop_inventory_find(NULL), 0);
  for (int i = 0; i < SHOP_INVENTORY_SKUS; i++)
    ck_assert_int_eq(shop_inventory_find(shop_inventory_sku(i)), i);
  ck_assert_int_eq(shop_inventory_find(""), -1);
  ck_assert_int_eq(shop_inventory_find("MUG"), -1);
}
END_TEST

START_TEST(test_all_or_none) {
  struct shop_inventory inventory = {0};
  int64_t left;
  shop_inventory_configure(&inventory, 5, 0);
  ck_assert(shop_inventory_deduct(&inventory, 1, 3, &left));
  ck_assert_int_eq(left, 2);
  ck_assert(!shop_inventory_deduct(&inventory, 1, 3, &left));
  ck_assert_int_eq(left, 2);
  ck_assert(shop_inventory_deduct(&inventory, 1, 2, &left));
  ck_assert_int_eq(shop_inventory_left(&inventory, 1), 0);
  ck_assert_int_eq(shop_inventory_left(&inventory, 0), 5);
}
END_TEST

START_TEST(test_restock) {
  struct shop_inventory inventory = {0};
  int64_t left;
  shop_inventory_configure(&inventory, 5, 0.01);
  ck_assert(shop_inventory_deduct(&inventory, 0, 5, &left));
  uint64_t deadline = clock_mono_ns() + 10 * CLOCK_NS_PER_S;
  while (shop_inventory_left(&inventory, 0) != 5) ck_assert(clock_mono_ns() < deadline);
  shop_inventory_configure(&inventory, 9, 0); /* a changed size fills up at once, and 0 stops the timer */
  ck_assert_int_eq(shop_inventory_left(&inventory, 0), 9);
  ck_assert(shop_inventory_deduct(&inventory, 0, 9, &left));
  clock_sleep_ns(20 * CLOCK_NS_PER_MS);
  ck_assert_int_eq(shop_inventory_left(&inventory, 0), 0);
}
END_TEST

START_TEST(test_unlimited) {
  struct shop_inventory inventory = {0};
  int64_t left;
  shop_inventory_configure(&inventory, 0, 1);
  for (int i = 0; i < 1000; i++) ck_assert(shop_inventory_deduct(&inventory, 0, 100, &left));
  ck_assert_int_eq(shop_inventory_left(&inventory, 0), -1);
}
END_TEST

enum { THREADS = 8, STOCK = 10000 };
static struct shop_inventory shared;
static _Atomic int64_t sold;

static void *buy_until_empty(void *unused) {
  int64_t left;
  (void)unused;
  while (shop_inventory_deduct(&shared, 2, 3, &left)) atomic_fetch_add(&sold, 3);
  return NULL;
}

START_TEST(test_nothing_is_sold_twice) {
  pthread_t threads[THREADS];
  shop_inventory_configure(&shared, STOCK, 0);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, buy_until_empty, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  ck_assert_int_eq(atomic_load(&sold) + shop_inventory_left(&shared, 2), STOCK);
  ck_assert_int_lt(shop_inventory_left(&shared, 2), 3);
}
END_TEST

TEST_MAIN("inventory", test_catalogue, test_all_or_none, test_restock, test_unlimited,
          test_nothing_is_sold_twice)
