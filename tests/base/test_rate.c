/* SPDX-License-Identifier: MIT */
#include "base/rate.h"

#include "base/clock.h"
#include "support/test.h"

START_TEST(test_so_many_a_second) {
  struct rate rate = {0};
  for (uint64_t second = 5; second < 8; second++)
    for (unsigned i = 0; i < 4; i++)
      ck_assert_int_eq(rate_passes(&rate, 3, second * CLOCK_NS_PER_S + i * CLOCK_NS_PER_MS), i < 3);
}
END_TEST

TEST_MAIN("rate", test_so_many_a_second)
