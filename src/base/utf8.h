/* Checks untrusted text for formats that require UTF-8 (RFC 3629: shortest forms, no surrogates, up to
 * U+10FFFF). Pure; any thread. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length in bytes of the character at text, or minus the length of the maximal part of one that stands
 * there instead, which is replaced as a whole. len, the bytes that are left, is not 0. */
int utf8_sequence(const char *text, size_t len);
/* Whether all of it is UTF-8. Quick on ASCII. */
bool utf8_valid(const char *text, size_t len);
/* Copies it with U+FFFD for each maximal part that is not UTF-8. out has room for 3 * len. Returns the
 * length. */
size_t utf8_repair(const char *text, size_t len, char *out);
/* How many bytes the first limit characters have: at most len, and at most 4 * limit, whatever the bytes are.
 */
size_t utf8_cut(const char *text, size_t len, size_t limit);

#endif
