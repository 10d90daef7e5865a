/* SPDX-License-Identifier: MIT */
/* Calls of the C library that fail when a test says so. The test is linked with $(WRAP_CALLS): the linker's
 * --wrap then leads the calls of all that is linked statically here. Any thread; a child of fork() keeps what
 * was set. */
#ifndef TESTS_SUPPORT_CALLS_H
#define TESTS_SUPPORT_CALLS_H

#include <stdbool.h>

enum { CALLS_ALL = 0 };

/* The at-th call of this name from now on (from 1), or each (CALLS_ALL), fails with this errno. With errno 0
 * it succeeds without being made: setuid() and the like return 0, getpwnam() an entry. The test ends if the
 * name is not wrapped. Several can be set. */
void calls_fail(const char *name, unsigned at, int error);
/* No call fails from here on. To be called first. */
void calls_succeed(void);
/* How many calls have failed, or were not made, since calls_succeed(), here and in children. */
unsigned calls_failed(void);

#endif
