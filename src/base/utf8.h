/* SPDX-License-Identifier: MIT */
/* Checks and repairs untrusted text for formats that require UTF-8 (RFC 3629: shortest forms, no surrogates,
 * up to U+10FFFF). Pure; any thread. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Returns the length in bytes of the character at text. If the bytes are ill-formed, returns the negative
 * length of the maximal subpart. A repair replaces that part with one character. len is the size of the text,
 * at least 1. */
int utf8_sequence(const char *text, size_t len);
/* Whether all of the text is UTF-8. Fast on ASCII. */
bool utf8_valid(const char *text, size_t len);
/* Copies the text with U+FFFD for each maximal subpart that is ill-formed. out has room for 3 * len bytes.
 * Returns the length of the copy. */
size_t utf8_repair(const char *text, size_t len, char *out);
/* Returns such a copy with a NUL at its end, or NULL when out of memory. The caller frees it. */
char *utf8_repaired(const char *text, size_t len);
/* Returns the size in bytes of the first limit characters: at most len, and at most 4 * limit even for
 * ill-formed text. */
size_t utf8_cut(const char *text, size_t len, size_t limit);

#endif
