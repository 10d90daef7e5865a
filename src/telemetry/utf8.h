/* Text of unknown origin, for formats that want UTF-8. Any thread. */
#ifndef TELEMETRY_UTF8_H
#define TELEMETRY_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it is UTF-8 (RFC 3629: shortest forms, no surrogates, up to U+10FFFF). Quick on ASCII. */
bool tel_utf8_valid(const char *text, size_t len);
/* Copies it with U+FFFD for each maximal part that is no UTF-8. out has room for 3 * len. Returns the length.
 */
size_t tel_utf8_repair(const char *text, size_t len, char *out);

#endif
