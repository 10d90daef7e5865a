/* Escapes untrusted text for a JSON string. Pure; any thread. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* Output bytes per input byte at most: \u00XX for one, U+FFFD in three for an ill-formed one. */
enum { ESCAPE_JSON_WORST = 6 };

/* Writes the text without quotes: controls, DEL, quote, backslash and the line ends of JavaScript (U+2028,
 * U+2029) escaped, U+FFFD for each maximal part that is not UTF-8. to has room for ESCAPE_JSON_WORST * len.
 * Returns the end of what it wrote, no NUL. */
char *escape_json(char *to, const char *text, size_t len);
/* Copies text that is written as it is, at one go: len bytes. False where that is not, or might not be so. */
bool escape_json_copy(char *to, const char *text, size_t len);

#endif
