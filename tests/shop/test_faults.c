/* SPDX-License-Identifier: MIT */
#include "shop/faults.h"

#include "support/shop_settings.h"
#include "support/test.h"

START_TEST(test_a_seed_repeats_the_outcomes) {
  struct shop_faults a, b;
  shop_faults_init(&a, 7);
  shop_faults_init(&b, 7);
  shop_faults_configure(&a, 0.5, part_of(""));
  shop_faults_configure(&b, 0.5, part_of(""));
  for (int i = 0; i < 1000; i++) {
    shop_faults_latency_ns(&b, 5); /* drawing latencies must not shift the payments */
    ck_assert_int_eq(shop_faults_payment(&a), shop_faults_payment(&b));
  }
}
END_TEST

START_TEST(test_the_rate_is_kept) {
  struct shop_faults faults;
  shop_faults_init(&faults, 0);
  unsigned failed[SHOP_REASON_COUNT] = {0};
  shop_faults_configure(&faults, 0.2, part_of(""));
  for (int i = 0; i < 100000; i++) failed[shop_faults_payment(&faults)]++;
  ck_assert_uint_gt(failed[SHOP_DONE], 79000); /* the standard deviation is 126 */
  ck_assert_uint_lt(failed[SHOP_DONE], 81000);
  for (int reason = SHOP_CARD_DECLINED; reason <= SHOP_GATEWAY_TIMEOUT; reason++)
    ck_assert_uint_gt(failed[reason], 0);
  ck_assert_uint_eq(failed[SHOP_UNAVAILABLE] + failed[SHOP_OUT_OF_STOCK], 0);
}
END_TEST

START_TEST(test_none_all_and_forced) {
  struct shop_faults faults;
  shop_faults_init(&faults, 1);
  for (int i = 0; i < 1000; i++) ck_assert_int_eq(shop_faults_payment(&faults), SHOP_DONE);
  shop_faults_configure(&faults, 1, part_of(""));
  for (int i = 0; i < 1000; i++) ck_assert_int_ne(shop_faults_payment(&faults), SHOP_DONE);
  shop_faults_configure(&faults, 1, part_of("gateway_error"));
  for (int i = 0; i < 1000; i++) ck_assert_int_eq(shop_faults_payment(&faults), SHOP_GATEWAY_ERROR);
}
END_TEST

/* Each group yields only its own reasons, in the same proportion as without a choice. */
START_TEST(test_a_group_yields_its_reasons) {
  static const struct {
    const char *word;
    enum shop_reason first, last;
  } groups[] = {{"card", SHOP_CARD_DECLINED, SHOP_FRAUD_SUSPECTED},
                {"provider", SHOP_GATEWAY_ERROR, SHOP_GATEWAY_TIMEOUT},
                {"", SHOP_CARD_DECLINED, SHOP_GATEWAY_TIMEOUT}};
  for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
    struct shop_faults faults;
    unsigned seen[SHOP_REASON_COUNT] = {0}, inside = 0;
    shop_faults_init(&faults, 5);
    shop_faults_configure(&faults, 1, part_of(groups[g].word));
    for (int i = 0; i < 10000; i++) seen[shop_faults_payment(&faults)]++;
    for (enum shop_reason reason = groups[g].first; reason <= groups[g].last; reason++) {
      ck_assert_msg(seen[reason] > 300, "%s: %s", groups[g].word, shop_reason_word(reason));
      inside += seen[reason];
    }
    ck_assert_uint_eq(inside, 10000);
    if (seen[SHOP_GATEWAY_ERROR]) ck_assert_uint_gt(seen[SHOP_GATEWAY_ERROR], seen[SHOP_GATEWAY_TIMEOUT]);
  }
}
END_TEST

/* Refused credentials share their word with gateway_error, but are drawn only if their group is selected. */
START_TEST(test_credentials_only_where_asked_for) {
  static const char *const words[] = {"", "provider", "gateway_error"};
  for (size_t w = 0; w <= sizeof words / sizeof *words; w++) {
    bool asked = w == sizeof words / sizeof *words;
    struct shop_faults faults;
    shop_faults_init(&faults, 11);
    shop_faults_configure(&faults, 1, part_of(asked ? "credentials" : words[w]));
    for (int i = 0; i < 10000; i++)
      ck_assert_int_eq(shop_faults_payment(&faults) == SHOP_CREDENTIALS_REFUSED, asked);
  }
  ck_assert_str_eq(shop_reason_word(SHOP_CREDENTIALS_REFUSED), "gateway_error");
}
END_TEST

START_TEST(test_a_timeout_is_a_bounded_deadline) {
  struct shop_faults faults;
  shop_faults_init(&faults, 3);
  ck_assert_uint_eq(shop_faults_timeout_ns(0), 0);
  ck_assert_uint_eq(shop_faults_timeout_ns(25), 400000000);
  ck_assert_uint_eq(shop_faults_timeout_ns(900), 4000000000);
  ck_assert_uint_eq(shop_faults_timeout_ns(6000), 6000000000);
  for (int i = 0; i < 1000; i++)
    ck_assert_uint_lt(shop_faults_latency_ns(&faults, 25), shop_faults_timeout_ns(25));
}
END_TEST

START_TEST(test_latencies_lie_about_the_median) {
  struct shop_faults faults;
  shop_faults_init(&faults, 0);
  ck_assert_uint_eq(shop_faults_latency_ns(&faults, 0), 0);
  int below = 0;
  for (int i = 0; i < 100000; i++) {
    uint64_t ns = shop_faults_latency_ns(&faults, 8);
    ck_assert_uint_gt(ns, 0);
    ck_assert_uint_le(ns, 80000000);
    below += ns < 8000000;
  }
  ck_assert_int_gt(below, 49000);
  ck_assert_int_lt(below, 51000);
}
END_TEST

TEST_MAIN("faults", test_a_seed_repeats_the_outcomes, test_the_rate_is_kept, test_none_all_and_forced,
          test_a_group_yields_its_reasons, test_credentials_only_where_asked_for,
          test_a_timeout_is_a_bounded_deadline, test_latencies_lie_about_the_median)
