/* SPDX-License-Identifier: MIT */
/* Where a configuration file is probably wrong. Inside src/app/config*.c only. */
#ifndef APP_CONFIG_HINT_H
#define APP_CONFIG_HINT_H

#include <stdbool.h>
#include <stddef.h>

enum { APP_HINT_SIZE = 256 };

/* Reads the text up to its first syntax error, and says what is wrong there and what to do. The library names
 * only the line at which it could not go on: for a quote or a brace that is missing, far below. Returns the
 * line of the mistake; 0 if nothing is found. */
unsigned app_config_hint(const char *text, size_t len, char out[APP_HINT_SIZE]);

#endif
