/* SPDX-License-Identifier: MIT */
/* Finds the probable mistake in a configuration file. */
#ifndef APP_CONFIG_HINT_H
#define APP_CONFIG_HINT_H

#include <stddef.h>

enum { APP_HINT_SIZE = 256 };

/* Reads the text up to its first syntax error and describes the mistake and its fix. libconfig reports only
 * the line where its parser stops. That line can be far below a missing quote or brace. Returns the line of
 * the mistake, or 0 if it finds none. */
unsigned app_config_hint(const char *text, size_t len, char out[APP_HINT_SIZE]);

#endif
