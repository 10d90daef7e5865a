/* How deep a JSON text nests, told before it is parsed. A parser that calls itself needs stack for each
 * level, and a server's threads have little: a few kilobytes of brackets would end the process. Pure; any
 * thread. */
#ifndef BASE_NESTING_H
#define BASE_NESTING_H

#include <stdbool.h>
#include <stddef.h>

/* Whether arrays and objects are nested at most max levels deep. Says nothing about the text being JSON
 * otherwise: that is the parser's part, which never goes deeper than this, since both read strings alike. */
bool nesting_within(const char *text, size_t len, unsigned max);

#endif
