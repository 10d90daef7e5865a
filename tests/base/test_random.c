#include "base/random.h"

#include <string.h>

#include "support/test.h"

START_TEST(test_a_seed_names_a_sequence) {
  ck_assert_uint_eq(random_at(42, 7), random_at(42, 7));
  ck_assert_uint_ne(random_at(42, 7), random_at(42, 8));
  ck_assert_uint_ne(random_at(42, 7), random_at(43, 7));
  /* The published first outputs of splitmix64 from state 0. */
  ck_assert_uint_eq(random_at(0, 0), UINT64_C(0xE220A8397B1DCDAF));
  ck_assert_uint_eq(random_at(0, 1), UINT64_C(0x6E789E6AA1B965F4));
}
END_TEST

START_TEST(test_units_are_spread) {
  double sum = 0;
  for (int i = 0; i < 100000; i++) {
    double u = random_unit();
    ck_assert(u >= 0 && u < 1);
    sum += u;
  }
  ck_assert(sum > 49000 && sum < 51000); /* the standard deviation is 91 */
}
END_TEST

START_TEST(test_bytes_fill_all_and_no_more) {
  unsigned char block[32];
  memset(block, 0xAA, sizeof block);
  random_bytes(block, 13);
  for (size_t i = 13; i < sizeof block; i++) ck_assert_uint_eq(block[i], 0xAA);
}
END_TEST

TEST_MAIN("random", test_a_seed_names_a_sequence, test_units_are_spread, test_bytes_fill_all_and_no_more)
