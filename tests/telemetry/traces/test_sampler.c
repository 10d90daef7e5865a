/* SPDX-License-Identifier: MIT */
#include "telemetry/traces/sampler.h"

#include "base/random.h"
#include "support/test.h"

static void id_of(uint64_t low, uint8_t id[16]) {
  for (int i = 0; i < 16; i++) id[i] = 0xff; /* what is above the low 56 bits must not matter */
  for (int i = 0; i < 7; i++) id[15 - i] = (uint8_t)(low >> 8 * i);
}

static bool keeps(double ratio, uint64_t low) {
  uint8_t id[16];
  id_of(low, id);
  return tel_sampler_keeps(tel_sampler_threshold(ratio), id);
}

START_TEST(test_ends) {
  const uint64_t last = (UINT64_C(1) << 56) - 1;
  ck_assert(keeps(1, 0));
  ck_assert(keeps(1, last));
  ck_assert(!keeps(0, 0));
  ck_assert(!keeps(0, last));
}
END_TEST

START_TEST(test_edge) {
  const uint64_t half = UINT64_C(1) << 55, quarter = UINT64_C(1) << 54;
  ck_assert(keeps(0.5, half));
  ck_assert(!keeps(0.5, half - 1));
  ck_assert(keeps(0.25, 3 * quarter));
  ck_assert(!keeps(0.25, 3 * quarter - 1));
}
END_TEST

START_TEST(test_nested_and_near_its_ratio) {
  static const double ratios[] = {0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.999};
  enum { RATIOS = sizeof ratios / sizeof *ratios, IDS = 100000 };
  unsigned kept[RATIOS] = {0};
  for (uint64_t i = 0; i < IDS; i++) {
    uint64_t low = random_at(7, i) >> 8;
    bool before = false;
    for (size_t r = 0; r < RATIOS; r++) {
      bool now = keeps(ratios[r], low);
      ck_assert(now || !before); /* kept at a ratio: kept at all higher ones */
      before = now;
      kept[r] += now;
    }
  }
  for (size_t r = 0; r < RATIOS; r++) ck_assert_double_eq_tol(kept[r], ratios[r] * IDS, 700);
}
END_TEST

TEST_MAIN("sampler", test_ends, test_edge, test_nested_and_near_its_ratio)
