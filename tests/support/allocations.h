/* SPDX-License-Identifier: MIT */
/* Makes allocations fail on request. A test links with $(WRAP_ALLOCATIONS): then all statically linked code,
 * including check, calls the malloc, calloc, realloc, aligned_alloc and strdup of this file. Any thread. */
#ifndef TESTS_SUPPORT_ALLOCATIONS_H
#define TESTS_SUPPORT_ALLOCATIONS_H

#include <stdbool.h>

/* Restarts the count. The at-th call, from 1, fails; all others succeed. */
void allocations_fail_at(unsigned at);
/* From now on all calls succeed. Call this before an assertion, because check allocates too. */
void allocations_succeed(void);
/* Calls since allocations_fail_at(). */
unsigned allocations_count(void);
/* Calls try repeatedly, with the first, then the second ... allocation failing, until try returns true. Fails
 * the test if try returns false although no allocation failed. Returns the number of allocations. */
unsigned allocations_walk(bool (*try)(void));
/* Counts a call and returns whether it must fail, for other functions that a test wraps. */
bool allocations_fails(void);

#endif
