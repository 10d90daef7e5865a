/* SPDX-License-Identifier: MIT */
#include "shop/grey.h"

#include "shop/inventory.h"
#include "support/shop_settings.h"
#include "support/test.h"

static struct shop_grey_settings settings(double share, const char *sku, const char *caller) {
  return (struct shop_grey_settings){.share = share,
                                     .sku = *sku ? shop_inventory_find(sku) : -1,
                                     .caller = caller,
                                     .effect = {.payment_failure_rate = 0.5,
                                                .payment_latency_ms = 700,
                                                .inventory_latency_ms = 9,
                                                .payment_part = part_of("gateway_error"),
                                                .deducted = 2}};
}

START_TEST(test_selectors) {
  static const struct {
    double share;
    const char *sku, *caller, *request_sku, *request_caller;
    bool hit;
  } cases[] = {
      {0, "", "", "mug", "kiosk/1", false},
      {1, "", "", "mug", "kiosk/1", true},
      {1, "", "", "mug", NULL, true},
      {1, "mug", "", "mug", NULL, true},
      {1, "mug", "", "socks", NULL, false},
      {1, "", "kiosk", "mug", "kiosk/1", true},
      {1, "", "kiosk", "mug", "web kiosk/1", false},
      {1, "", "kiosk", "mug", "kios", false},
      {1, "", "kiosk", "mug", NULL, false},
      {1, "socks", "kiosk", "socks", "kiosk", true},
      {1, "socks", "kiosk", "socks", "other", false},
  };
  struct shop_grey grey;
  shop_grey_init(&grey);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct shop_grey_settings set = settings(cases[i].share, cases[i].sku, cases[i].caller);
    struct shop_grey_effect effect = {0};
    shop_grey_configure(&grey, &set);
    ck_assert_msg(shop_grey_hits(&grey, shop_inventory_find(cases[i].request_sku), cases[i].request_caller,
                                 &effect) == cases[i].hit,
                  "case %zu", i);
    ck_assert_double_eq(effect.payment_latency_ms, cases[i].hit ? 700 : 0);
    ck_assert_uint_eq(effect.deducted, cases[i].hit ? 2 : 0);
  }
  shop_grey_free(&grey);
}
END_TEST

START_TEST(test_a_share_of_the_requests) {
  struct shop_grey grey;
  struct shop_grey_effect effect;
  struct shop_grey_settings set = settings(0.1, "", "");
  unsigned hits = 0;
  shop_grey_init(&grey);
  shop_grey_configure(&grey, &set);
  for (int i = 0; i < 100000; i++) hits += shop_grey_hits(&grey, 0, NULL, &effect);
  ck_assert_uint_gt(hits, 9500); /* the standard deviation is 95 */
  ck_assert_uint_lt(hits, 10500);
  shop_grey_free(&grey);
}
END_TEST

TEST_MAIN("grey", test_selectors, test_a_share_of_the_requests)
