/* Measures how deep a JSON text nests, before it is parsed. A recursive parser needs stack for each level,
 * and a server's threads have little: a few kilobytes of brackets would crash the process. Pure; any thread.
 */
#ifndef BASE_NESTING_H
#define BASE_NESTING_H

#include <stdbool.h>
#include <stddef.h>

/* Whether arrays and objects are nested at most max levels deep. Does not check the rest of the syntax: the
 * parser does, and it never recurses deeper than this because both read strings alike. */
bool nesting_within(const char *text, size_t len, unsigned max);

#endif
