/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "support/case_files.h"
#include "support/test.h"
#include "tel/context.h"

/* Each line of a file is a header. In a valid case, a line "---" and the expected combined value follow. */
static bool combine(const struct case_file *file, char state[TEL_TRACESTATE_SIZE], const char **rest) {
  const char *line = file->text, *end = file->text + file->len;
  bool good = true;
  state[0] = '\0';
  while (line < end) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    size_t len = (size_t)((newline ? newline : end) - line);
    const char *next = line + len + (newline ? 1 : 0);
    if (len == 3 && memcmp(line, "---", 3) == 0) {
      *rest = next;
      return good;
    }
    good = good && tel_tracestate_append(state, line, len);
    line = next;
  }
  *rest = end;
  return good;
}

static void is_valid(const struct case_file *file, const void *cls) {
  (void)cls;
  char state[TEL_TRACESTATE_SIZE];
  const char *expected;
  ck_assert_msg(combine(file, state, &expected), "%s", file->name);
  size_t len = (size_t)(file->text + file->len - expected) - 1;
  ck_assert_msg(strlen(state) == len && memcmp(state, expected, len) == 0, "%s: %s", file->name, state);
}

static void is_invalid(const struct case_file *file, const void *cls) {
  (void)cls;
  char state[TEL_TRACESTATE_SIZE];
  const char *rest;
  ck_assert_msg(!combine(file, state, &rest), "%s: %s", file->name, state);
}

START_TEST(test_valid) {
  ck_assert_int_ge(case_files("tracestate/valid", "", is_valid, NULL), 15);
}
END_TEST

START_TEST(test_invalid) {
  ck_assert_int_ge(case_files("tracestate/invalid", "", is_invalid, NULL), 20);
}
END_TEST

TEST_MAIN("tracestate", test_valid, test_invalid)
