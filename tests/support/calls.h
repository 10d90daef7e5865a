/* SPDX-License-Identifier: MIT */
/* Makes calls of the C library fail on request. A test links with $(WRAP_CALLS): then the linker's --wrap
 * redirects the calls of all statically linked code to this file. Any thread. A child of fork() inherits the
 * settings. */
#ifndef TESTS_SUPPORT_CALLS_H
#define TESTS_SUPPORT_CALLS_H

enum { CALLS_ALL = 0 };

/* From now on the at-th call of this name (from 1), or every call (CALLS_ALL), fails with this errno. With
 * errno 0 the call is skipped and succeeds: setuid() and similar functions return 0, getpwnam() returns an
 * entry. The test ends if the name is not wrapped. Several names can be set. */
void calls_fail(const char *name, unsigned at, int error);
/* From now on no call fails. Call this first. */
void calls_succeed(void);
/* How many calls failed or were skipped since calls_succeed(), in this process and its children. */
unsigned calls_failed(void);

#endif
