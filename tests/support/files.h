/* SPDX-License-Identifier: MIT */
/* Files that a test makes. */
#ifndef TESTS_SUPPORT_FILES_H
#define TESTS_SUPPORT_FILES_H

#include <stdio.h>

#include "support/test.h"

/* Makes or replaces the file. */
static inline void files_write(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  ck_assert_msg(file != NULL, "cannot write %s", path);
  ck_assert_int_ge(fputs(text, file), 0);
  ck_assert_int_eq(fclose(file), 0);
}

#endif
