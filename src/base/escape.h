/* SPDX-License-Identifier: MIT */
/* Escapes untrusted text for a JSON string. Pure; any thread. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* Most output bytes for an input byte: \u00XX. */
enum { ESCAPE_JSON_WORST = 6 };

/* Writes the text without quotes and without a NUL. Escapes the controls of ASCII, quote, backslash and the
 * line ends of Unicode (U+0085, U+2028, U+2029). Writes U+FFFD for each maximal subpart that is ill-formed
 * UTF-8. to has room for ESCAPE_JSON_WORST * len bytes. Returns the end. */
char *escape_json(char *to, const char *text, size_t len);
/* A fast copy of len bytes that need no escape. Returns false if a byte needs an escape or might need one.
 * Then use escape_json(). */
bool escape_json_copy(char *to, const char *text, size_t len);

#endif
