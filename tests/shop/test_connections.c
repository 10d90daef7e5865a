/* SPDX-License-Identifier: MIT */
#include "shop/connections.h"

#include "base/clock.h"
#include "support/test.h"

static uint64_t in_ms(unsigned ms) {
  return clock_mono_ns() + ms * CLOCK_NS_PER_MS;
}

START_TEST(test_without_a_limit_nothing_is_taken) {
  struct shop_connections connections;
  shop_connections_init(&connections);
  for (int i = 0; i < 100; i++)
    ck_assert_int_eq(shop_connections_take(&connections, 0), SHOP_CONNECTION_FREE);
  ck_assert_uint_eq(atomic_load(&connections.used), 0);
  shop_connections_free(&connections);
}
END_TEST

START_TEST(test_the_limit_is_kept) {
  struct shop_connections connections;
  shop_connections_init(&connections);
  shop_connections_limit(&connections, 2);
  ck_assert_int_eq(shop_connections_take(&connections, in_ms(0)), SHOP_CONNECTION_TAKEN);
  ck_assert_int_eq(shop_connections_take(&connections, in_ms(0)), SHOP_CONNECTION_TAKEN);
  uint64_t began = clock_mono_ns();
  ck_assert_int_eq(shop_connections_take(&connections, in_ms(50)), SHOP_CONNECTION_NONE);
  ck_assert_uint_ge(clock_mono_ns() - began, 50 * CLOCK_NS_PER_MS);
  ck_assert_uint_eq(atomic_load(&connections.used), 2);
  shop_connections_give(&connections);
  ck_assert_int_eq(shop_connections_take(&connections, in_ms(0)), SHOP_CONNECTION_TAKEN);
  shop_connections_free(&connections);
}
END_TEST

static void *lift_later(void *cls) {
  clock_sleep_ns(20 * CLOCK_NS_PER_MS);
  shop_connections_limit(cls, 0);
  return NULL;
}

static void *give_later(void *cls) {
  clock_sleep_ns(20 * CLOCK_NS_PER_MS);
  shop_connections_give(cls);
  return NULL;
}

/* A connection that is given back, and a limit that is lifted, both end the wait. */
START_TEST(test_who_waits_is_woken) {
  static void *(*const ends[])(void *) = {give_later, lift_later};
  for (size_t i = 0; i < 2; i++) {
    struct shop_connections connections;
    pthread_t thread;
    shop_connections_init(&connections);
    shop_connections_limit(&connections, 1);
    ck_assert_int_eq(shop_connections_take(&connections, in_ms(0)), SHOP_CONNECTION_TAKEN);
    ck_assert_int_eq(pthread_create(&thread, NULL, ends[i], &connections), 0);
    ck_assert_int_eq(shop_connections_take(&connections, in_ms(10000)), SHOP_CONNECTION_TAKEN);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(atomic_load(&connections.used), i == 0 ? 1 : 2);
    shop_connections_free(&connections);
  }
}
END_TEST

TEST_MAIN("connections", test_without_a_limit_nothing_is_taken, test_the_limit_is_kept,
          test_who_waits_is_woken)
