/* SPDX-License-Identifier: MIT */
/* A configuration file's text, made safe for libconfig 1.5. Inside src/app/config*.c only. */
#ifndef APP_CONFIG_TEXT_H
#define APP_CONFIG_TEXT_H

#include <stddef.h>

/* Returns a copy, NUL behind it, in which every whole number is marked as 64 bits wide: without the mark the
 * library cuts 5000000000 to 705032704 and says nothing. *include is the line of the first "@", or 0: the
 * syntax's own @include ends the process when it names a directory, and may nest without end. *comment is the
 * line of an unterminated comment, or 0: the library would skip the rest of the file. NULL when out of
 * memory. */
char *app_config_text(const char *text, size_t len, unsigned *include, unsigned *comment);

#endif
