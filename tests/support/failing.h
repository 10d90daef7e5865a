/* SPDX-License-Identifier: MIT */
/* Runs a program's main function in child processes in which one allocation or one call fails. A sanitizer
 * reports what such a process leaks. Link with $(WRAP_ALLOCATIONS) $(WRAP_CALLS). */
#ifndef TESTS_SUPPORT_FAILING_H
#define TESTS_SUPPORT_FAILING_H

#include <stdbool.h>

struct failing {
  int (*main)(int argc, char **argv);
  const char *const *options; /* beginning with the program's name, ending with NULL */
  /* SIGTERM is pending from the start, so that a service handles it when it is ready, and ends. */
  bool until_ready;
  void (*check)(int status); /* after each run, in the parent, or NULL */
};

/* The standard output and standard error of the last run. */
extern char failing_said[16384];

/* Runs the program without a failure. Returns the exit status; fails the test if a signal ended it. */
int failing_run(const struct failing *failing);
/* Fails each allocation in turn. The program must work without it, or report that it is out of memory and
 * exit with 1 or 2. Returns the number of allocations. */
unsigned failing_allocations(const struct failing *failing);
/* Fails each call of this name in turn (calls.h). The program must work without it, or report the reason and
 * exit with 1 or 2. also: a text that may replace strerror(error), or NULL. Fails the test if there is no
 * such call. */
void failing_calls(const struct failing *failing, const char *name, int error, const char *also);

#endif
