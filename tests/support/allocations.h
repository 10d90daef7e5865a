/* Allocations that fail when a test says so. The test is linked with $(WRAP_ALLOCATIONS): the linker's
 * --wrap then leads malloc, calloc, realloc, aligned_alloc and strdup of all that is linked statically, check
 * included, here. Any thread. */
#ifndef TESTS_SUPPORT_ALLOCATIONS_H
#define TESTS_SUPPORT_ALLOCATIONS_H

#include <stdbool.h>

/* Counts from 0 again; the at-th call (from 1) fails, all others succeed. */
void allocations_fail_at(unsigned at);
/* No call fails from here on. To be called before any assertion: check allocates, too. */
void allocations_succeed(void);
/* Calls since allocations_fail_at(). */
unsigned allocations_count(void);
/* Runs try with the first, second ... allocation failing, until it says that none did. Fails the test if try
 * fails although no allocation did. Returns how many allocations there are. */
unsigned allocations_walk(bool (*try)(void));
/* Counts a call and tells whether it is to fail: for what a test wraps besides. */
bool allocations_fails(void);

#endif
