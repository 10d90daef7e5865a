/* SPDX-License-Identifier: MIT */
#include "base/buf_json.h"

#include <math.h>

#include "support/test.h"

START_TEST(test_commas) {
  struct buf b = BUF_INIT(1000);
  buf_putc(&b, '[');
  buf_json_item(&b);
  buf_puts(&b, "{}");
  buf_json_item(&b);
  buf_putc(&b, '{');
  buf_json_member_text(&b, "bracket", "[{");
  buf_json_key(&b, "list");
  buf_putc(&b, '[');
  for (int i = 0; i < 3; i++) {
    buf_json_item(&b);
    buf_put_i64(&b, i);
  }
  buf_puts(&b, "]}]");
  ck_assert_str_eq(buf_cstr(&b), "[{},{\"bracket\":\"[{\",\"list\":[0,1,2]}]");
  buf_reset(&b);
  buf_json_item(&b); /* nothing precedes it */
  ck_assert_uint_eq(b.len, 0);
  buf_free(&b);
}
END_TEST

START_TEST(test_values) {
  static const double numbers[] = {0.1, -3, NAN, INFINITY, -INFINITY};
  struct buf b = BUF_INIT(1000);
  buf_json_string(&b, "a\0\"\n\xff", 5);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    buf_json_item(&b);
    buf_json_double(&b, numbers[i]);
  }
  ck_assert_str_eq(buf_cstr(&b), "\"a\\u0000\\\"\\n\xEF\xBF\xBD\",0.1,-3,null,null,null");
  buf_free(&b);
}
END_TEST

START_TEST(test_members) {
  struct buf b = BUF_INIT(1000);
  buf_putc(&b, '{');
  buf_json_member_text(&b, "text", "a\"b");
  buf_json_member_hex(&b, "id", (const uint8_t *)"\x01\xab", 2);
  buf_json_member_u64(&b, "most", UINT64_MAX);
  buf_putc(&b, '}');
  ck_assert_str_eq(buf_cstr(&b), "{\"text\":\"a\\\"b\",\"id\":\"01ab\",\"most\":18446744073709551615}");
  buf_free(&b);
}
END_TEST

START_TEST(test_a_failed_buffer_stays_failed) {
  struct buf b = BUF_INIT(7);
  buf_json_member_text(&b, "key", "value");
  ck_assert(buf_failed(&b));
  buf_json_item(&b);
  ck_assert_ptr_null(buf_cstr(&b));
  buf_free(&b);
}
END_TEST

TEST_MAIN("buf_json", test_commas, test_values, test_members, test_a_failed_buffer_stays_failed)
