/* SPDX-License-Identifier: MIT */
#include "shop/shop.h"

#include <string.h>

#include "shop/inventory.h"
#include "support/shop_settings.h"
#include "support/test.h"

/* A shop without latencies and without tracing. The end-to-end tests check the spans. */
static struct shop *shop(uint32_t stock, double failure_rate, size_t capacity) {
  struct shop_settings settings = shop_defaults();
  settings.inventory_latency_ms = settings.payment_latency_ms = 0;
  settings.inventory_stock = stock;
  settings.inventory_restock_s = 0;
  settings.payment_failure_rate = failure_rate;
  settings.orders_capacity = capacity;
  return shop_new(&settings, NULL);
}

static enum shop_reason place(struct shop *s, const char *sku, unsigned quantity,
                              struct shop_order_result *out) {
  return shop_order_place(s, NULL, NULL, sku, quantity, NULL, out);
}

static enum shop_reason pay(struct shop *s, const char *id, struct shop_payment_result *out) {
  return shop_order_pay(s, NULL, NULL, id, NULL, out);
}

START_TEST(test_order_then_pay) {
  struct shop *s = shop(10, 0, 10);
  struct shop_order_result order;
  struct shop_payment_result payment;
  ck_assert_int_eq(place(s, NULL, 3, &order), SHOP_DONE);
  ck_assert_str_eq(order.sku, "mug");
  ck_assert_uint_eq(strlen(order.order_id), SHOP_ID_SIZE - 1);
  struct shop_order_found found;
  ck_assert_int_eq(shop_order_find(s, NULL, order.order_id, &found), SHOP_DONE);
  ck_assert(strcmp(found.sku, "mug") == 0 && found.quantity == 3 && !found.paid);
  ck_assert_int_eq(pay(s, order.order_id, &payment), SHOP_DONE);
  ck_assert(shop_order_find(s, NULL, order.order_id, &found) == SHOP_DONE && found.paid);
  ck_assert_str_eq(payment.order_id, order.order_id);
  ck_assert_uint_eq(payment.quantity, 3);
  ck_assert_int_eq(strncmp(payment.payment_id, "pay_", 4), 0);
  ck_assert_int_eq(pay(s, order.order_id, &payment), SHOP_ALREADY_PAID);
  ck_assert_str_eq(payment.payment_id, ""); /* the provider was not asked */
  shop_free(s);
}
END_TEST

START_TEST(test_unknown_things) {
  struct shop *s = shop(10, 0, 10);
  struct shop_order_result order;
  struct shop_payment_result payment;
  ck_assert_int_eq(place(s, "unicorn", 1, &order), SHOP_UNKNOWN_SKU);
  static const char *const ids[] = {"",
                                    "ord_",
                                    "ord_00000000000000000000",
                                    "pay_00000000000000000000",
                                    "ord_0000000000000000000G",
                                    "ord_000000000000000000000",
                                    "ORD_00000000000000000000"};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    struct shop_order_found found;
    ck_assert_int_eq(pay(s, ids[i], &payment), SHOP_UNKNOWN_ORDER);
    ck_assert_int_eq(shop_order_find(s, NULL, ids[i], &found), SHOP_UNKNOWN_ORDER);
  }
  shop_free(s);
}
END_TEST

START_TEST(test_stock_and_reservations) {
  struct shop *s = shop(5, 0, 10);
  struct shop_order_result order;
  ck_assert_int_eq(place(s, "socks", 6, &order), SHOP_OUT_OF_STOCK);
  ck_assert_int_eq(order.stock_left, 5);
  ck_assert_str_eq(order.order_id, "");
  for (int i = 0; i < 5; i++) ck_assert_int_eq(place(s, "socks", 1, &order), SHOP_DONE);
  ck_assert_int_eq(place(s, "socks", 1, &order), SHOP_OUT_OF_STOCK);
  for (int i = 0; i < 5; i++) ck_assert_int_eq(place(s, "mug", 1, &order), SHOP_DONE);
  /* Failed orders released their places, so exactly 10 are stored. Now the store is full, and the stock must
   * not change. */
  ck_assert_int_eq(place(s, "poster", 1, &order), SHOP_UNAVAILABLE);
  shop_free(s);
}
END_TEST

START_TEST(test_a_failed_payment_can_be_repeated) {
  struct shop *s = shop(0, 1, 10);
  struct shop_settings settings = shop_defaults();
  struct shop_order_result order;
  struct shop_payment_result payment, again;
  ck_assert_int_eq(place(s, NULL, 1, &order), SHOP_DONE);
  enum shop_reason reason = pay(s, order.order_id, &payment);
  ck_assert(reason >= SHOP_CARD_DECLINED && reason <= SHOP_GATEWAY_TIMEOUT);
  ck_assert_str_ne(payment.payment_id, "");
  settings.payment_failure_rate = settings.payment_latency_ms = 0;
  shop_reconfigure(s, &settings);
  ck_assert_int_eq(pay(s, order.order_id, &again), SHOP_DONE);
  ck_assert_str_ne(again.payment_id, payment.payment_id);
  shop_free(s);
}
END_TEST

/* Orders of one SKU reduce the stock by more than they order. Payments of one caller fail. */
START_TEST(test_a_grey_failure_hits_only_some) {
  struct shop *s = shop(100, 0, 10);
  struct shop_settings settings = shop_defaults();
  struct shop_order_result order;
  struct shop_payment_result payment;
  settings.inventory_latency_ms = settings.payment_latency_ms = 0;
  settings.inventory_stock = 100;
  settings.payment_failure_rate = 0;
  settings.grey.share = 1;
  settings.grey.sku = shop_inventory_find("socks");
  settings.grey.effect.inventory_latency_ms = settings.grey.effect.payment_latency_ms = 0;
  settings.grey.effect.payment_failure_rate = 1;
  settings.grey.effect.payment_part = part_of("gateway_error");
  settings.grey.effect.deducted = 20;
  shop_reconfigure(s, &settings);
  ck_assert_int_eq(place(s, "mug", 10, &order), SHOP_DONE);
  ck_assert_int_eq(pay(s, order.order_id, &payment), SHOP_DONE);
  ck_assert_int_eq(place(s, "socks", 5, &order), SHOP_DONE); /* the last 100 */
  ck_assert_int_eq(pay(s, order.order_id, &payment), SHOP_GATEWAY_ERROR);
  ck_assert_int_eq(place(s, "socks", 1, &order), SHOP_OUT_OF_STOCK);
  settings.grey.sku = -1;
  settings.grey.caller = "kiosk";
  settings.grey.effect.deducted = 1;
  shop_reconfigure(s, &settings);
  ck_assert_int_eq(shop_order_place(s, NULL, NULL, "mug", 1, "kiosk/2", &order), SHOP_DONE);
  ck_assert_int_eq(shop_order_pay(s, NULL, NULL, order.order_id, "kiosk/2", &payment), SHOP_GATEWAY_ERROR);
  ck_assert_int_eq(shop_order_pay(s, NULL, NULL, order.order_id, "web/1", &payment), SHOP_DONE);
  shop_free(s);
}
END_TEST

START_TEST(test_words) {
  ck_assert_str_eq(shop_reason_word(SHOP_CARD_DECLINED), "card_declined");
  for (int reason = SHOP_DONE + 1; reason < SHOP_REASON_COUNT; reason++) {
    ck_assert_ptr_nonnull(shop_reason_word((enum shop_reason)reason));
    ck_assert_ptr_nonnull(shop_reason_text((enum shop_reason)reason));
  }
}
END_TEST

TEST_MAIN("shop", test_order_then_pay, test_unknown_things, test_stock_and_reservations,
          test_a_failed_payment_can_be_repeated, test_a_grey_failure_hits_only_some, test_words)
