/* SPDX-License-Identifier: MIT */
/* Limits how deep a JSON text nests, before it is parsed. A recursive parser needs stack for each level, and
 * the threads of a server have little: a few kilobytes of brackets could crash the process. Pure; any thread.
 */
#ifndef BASE_NESTING_H
#define BASE_NESTING_H

#include <stdbool.h>
#include <stddef.h>

/* Whether arrays and objects are nested at most max levels deep. The parser checks the rest of the syntax; it
 * never recurses deeper than max, because both functions find the ends of strings in the same way. */
bool nesting_within(const char *text, size_t len, unsigned max);

#endif
