/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

void error_set(struct error *error, const char *format, ...) {
  struct error set;
  va_list args;
  va_start(args, format);
  vsnprintf(set.text, sizeof set.text, format, args);
  va_end(args);
  *error = set;
}
