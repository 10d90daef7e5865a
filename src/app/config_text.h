/* SPDX-License-Identifier: MIT */
/* A configuration file's text, made safe for libconfig 1.5. */
#ifndef APP_CONFIG_TEXT_H
#define APP_CONFIG_TEXT_H

#include <stddef.h>

/* Returns a NUL-terminated copy in which every whole number is marked as 64 bits wide. Without the mark the
 * library silently truncates 5000000000 to 705032704. *include is the line of the first "@include", or 0. (An
 * @include of a directory would end the process, and includes can nest without limit.) *comment is the line
 * of an unterminated comment, or 0. (The library would skip the rest of the file.) NULL when out of memory.
 */
char *app_config_text(const char *text, size_t len, unsigned *include, unsigned *comment);

#endif
