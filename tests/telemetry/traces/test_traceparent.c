/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "support/case_files.h"
#include "support/test.h"
#include "tel/context.h"

/* A file is one header value, without the newline at its end. */
static bool parse(const struct case_file *file, struct tel_context *out) {
  size_t len = file->len > 0 && file->text[file->len - 1] == '\n' ? file->len - 1 : file->len;
  return tel_traceparent_parse(file->text, len, out);
}

static void is_valid(const struct case_file *file, const void *cls) {
  (void)cls;
  struct tel_context context;
  char again[TEL_TRACEPARENT_SIZE], trace_id[TEL_TRACE_ID_HEX_SIZE], span_id[TEL_SPAN_ID_HEX_SIZE];
  ck_assert_msg(parse(file, &context), "%s", file->name);
  ck_assert(tel_context_valid(&context));
  ck_assert(context.remote);
  tel_traceparent_format(&context, again);
  ck_assert_uint_eq(strlen(again), TEL_TRACEPARENT_SIZE - 1);
  /* We set version and flags; the ids are those received. */
  ck_assert_int_eq(strncmp(again, "00-", 3), 0);
  ck_assert_msg(strncmp(again + 2, file->text + 2, 51) == 0, "%s: %s", file->name, again);
  tel_trace_id_hex(&context, trace_id);
  tel_span_id_hex(&context, span_id);
  ck_assert_int_eq(strncmp(trace_id, file->text + 3, 32), 0);
  ck_assert_int_eq(strncmp(span_id, file->text + 36, 16), 0);
}

static void is_invalid(const struct case_file *file, const void *cls) {
  (void)cls;
  struct tel_context context, before;
  memset(&context, 0x5a, sizeof context);
  before = context;
  ck_assert_msg(!parse(file, &context), "%s", file->name);
  ck_assert_msg(memcmp(&context, &before, sizeof context) == 0, "%s: touched", file->name);
}

START_TEST(test_valid) {
  ck_assert_int_ge(case_files("traceparent/valid", "", is_valid, NULL), 8);
}
END_TEST

START_TEST(test_invalid) {
  ck_assert_int_ge(case_files("traceparent/invalid", "", is_invalid, NULL), 20);
}
END_TEST

START_TEST(test_flags_are_bits) {
  static const char form[] = "%s-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-%02x";
  for (unsigned flags = 0; flags < 256; flags++) {
    struct tel_context context;
    char text[64];
    snprintf(text, sizeof text, form, flags & 1 ? "00" : "01", flags);
    ck_assert(tel_traceparent_parse(text, strlen(text), &context));
    ck_assert_uint_eq(context.flags, flags & 3);
    ck_assert_int_eq(tel_context_sampled(&context), flags & 1);
    char again[TEL_TRACEPARENT_SIZE];
    context.flags = (uint8_t)flags; /* version 00 reserves the other bits: they must be 0 */
    snprintf(text, sizeof text, form, "00", flags & 3);
    tel_traceparent_format(&context, again);
    ck_assert_str_eq(again, text);
  }
}
END_TEST

TEST_MAIN("traceparent", test_valid, test_invalid, test_flags_are_bits)
