/* SPDX-License-Identifier: MIT */
#include "base/hex.h"

#include <limits.h>
#include <string.h>

#include "support/test.h"

START_TEST(test_there_and_back) {
  uint8_t bytes[256], back[256];
  char text[512];
  for (int i = 0; i < 256; i++) bytes[i] = (uint8_t)i;
  ck_assert_ptr_eq(hex_write(text, bytes, 256), text + 512);
  ck_assert_mem_eq(text, "000102", 6);
  ck_assert_mem_eq(text + 506, "fdfeff", 6);
  ck_assert(hex_read(text, back, 256));
  ck_assert_mem_eq(back, bytes, 256);
}
END_TEST

START_TEST(test_only_lower_case_digits) {
  static const char *const bad[] = {"0g", "g0", "0A", "A0", "0 ", "0/", "0:", "0`", "-1", "0x"};
  uint8_t byte;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_assert_msg(!hex_read(bad[i], &byte, 1), "%s", bad[i]);
  ck_assert(hex_read("", &byte, 0));
}
END_TEST

START_TEST(test_one_digit) {
  static const char digits[] = "0123456789abcdefABCDEF";
  for (int c = CHAR_MIN; c <= CHAR_MAX; c++) {
    const char *found = c ? strchr(digits, c) : NULL;
    int value = found ? (int)(found - digits) : -1;
    ck_assert_int_eq(hex_digit((char)c), value > 15 ? value - 6 : value);
  }
}
END_TEST

TEST_MAIN("hex", test_there_and_back, test_only_lower_case_digits, test_one_digit)
