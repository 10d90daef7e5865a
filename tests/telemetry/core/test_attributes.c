/* SPDX-License-Identifier: MIT */
#include "tel/attributes.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"
#include "telemetry/core/attributes_private.h"

static bool text_is(const struct tel_attributes *a, const char *key, const char *text) {
  const struct tel_attribute *pair = tel_attributes_find(a, key);
  return pair && pair->type == TEL_STRING && pair->value.string.len == strlen(text) &&
         memcmp(pair->value.string.data, text, strlen(text)) == 0;
}

START_TEST(test_types_and_replacement) {
  struct tel_attributes a;
  tel_attributes_init(&a, 128, UINT32_MAX);
  tel_attributes_set_string(&a, "s", "one");
  tel_attributes_set_int(&a, "i", -7);
  tel_attributes_set_bool(&a, "b", true);
  tel_attributes_set_double(&a, "d", 0.5);
  tel_attributes_set_static(&a, "t", "table");
  tel_attributes_set_string(&a, "none", NULL);
  ck_assert_uint_eq(a.count, 5);
  ck_assert(text_is(&a, "s", "one"));
  ck_assert(text_is(&a, "t", "table"));
  ck_assert_int_eq(tel_attributes_find(&a, "i")->value.integer, -7);
  tel_attributes_set_string(&a, "i", "now text");
  ck_assert_uint_eq(a.count, 5);
  ck_assert(text_is(&a, "i", "now text"));
  tel_attributes_clear(&a);
  ck_assert_uint_eq(a.count, 0);
}
END_TEST

START_TEST(test_limits_discard_and_count) {
  static char keys[140][8];
  struct tel_attributes a;
  tel_attributes_init(&a, 128, UINT32_MAX);
  for (int i = 0; i < 140; i++) {
    snprintf(keys[i], sizeof keys[i], "k%d", i);
    tel_attributes_set_string(&a, keys[i], "0123456789abcdef"); /* also fills the inline text */
  }
  ck_assert_uint_eq(a.count, 128);
  ck_assert_uint_eq(a.dropped, 12);
  ck_assert(text_is(&a, "k0", "0123456789abcdef"));
  ck_assert(text_is(&a, "k127", "0123456789abcdef"));
  tel_attributes_set_string(&a, "k127", "again"); /* a replacement needs no room */
  ck_assert(text_is(&a, "k127", "again"));
  tel_attributes_clear(&a);
}
END_TEST

START_TEST(test_values_are_cut_between_characters) {
  struct tel_attributes a;
  tel_attributes_init(&a, 128, 3);
  tel_attributes_set_string(&a, "ascii", "abcdef");
  tel_attributes_set_string(&a, "utf8", "a\xC3\xA4\xE2\x82\xAC!");
  tel_attributes_set_static(&a, "static", "abcd");
  ck_assert(text_is(&a, "ascii", "abc"));
  ck_assert(text_is(&a, "utf8", "a\xC3\xA4\xE2\x82\xAC"));
  ck_assert(text_is(&a, "static", "abc"));
  tel_attributes_clear(&a);
}
END_TEST

START_TEST(test_what_is_no_text_is_limited_too) {
  char continuation[64];
  memset(continuation, 0x80, sizeof continuation); /* never begins a character */
  struct tel_attributes a;
  tel_attributes_init(&a, 128, 3);
  tel_attributes_set_text(&a, "k", continuation, sizeof continuation);
  ck_assert_uint_le(tel_attributes_find(&a, "k")->value.string.len, 12);
  tel_attributes_clear(&a);
}
END_TEST

/* OpenTelemetry allows no empty key. */
START_TEST(test_an_empty_key_sets_nothing) {
  static const uint32_t forms[] = {TEL_FORM_SPAN, TEL_FORM_JSON};
  static const struct tel_key EMPTY = TEL_KEY("");
  struct tel_attributes a;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    tel_attributes_begin(&a, forms[i], 128, UINT32_MAX, 0);
    tel_attributes_set_string(&a, "", "v");
    tel_attributes_set_text(&a, "", "\xC3\xA4", 2);
    tel_attributes_set_int(&a, "", 1);
    tel_attributes_set_double(&a, "", 0.5);
    tel_attributes_set_bool(&a, "", true);
    tel_attributes_put_string(&a, &EMPTY, "v");
    tel_attributes_put_int(&a, &EMPTY, INT64_MIN);
    tel_attributes_put_double(&a, &EMPTY, 0.5);
    tel_attributes_put_bool(&a, &EMPTY, true);
    ck_assert_uint_eq(a.count + a.dropped, 0);
    ck_assert_uint_eq(a.end, a.start);
    ck_assert_ptr_null(tel_attributes_find(&a, ""));
    tel_attributes_clear(&a);
  }
}
END_TEST

START_TEST(test_null_is_not_recording) {
  tel_attributes_set_string(NULL, "k", "v");
  tel_attributes_set_int(NULL, "k", 1);
  ck_assert_ptr_null(tel_attributes_find(NULL, "k"));
}
END_TEST

TEST_MAIN("attributes", test_types_and_replacement, test_limits_discard_and_count,
          test_values_are_cut_between_characters, test_what_is_no_text_is_limited_too,
          test_an_empty_key_sets_nothing, test_null_is_not_recording)
