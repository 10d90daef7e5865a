/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

/* The text may hold parts of files, variables and responses. They must not steer the terminal. */
static void replace_controls(char *text) {
  for (; *text; text++)
    if ((unsigned char)*text < ' ' || *text == 0x7f) *text = '?';
}

void error_set(struct error *error, const char *format, ...) {
  struct error set;
  va_list args;
  va_start(args, format);
  vsnprintf(set.text, sizeof set.text, format, args);
  va_end(args);
  replace_controls(set.text);
  *error = set;
}
