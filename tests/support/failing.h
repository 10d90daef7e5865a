/* SPDX-License-Identifier: MIT */
/* A program's main function in processes of its own, where one allocation or one call fails: a sanitizer sees
 * what such a process leaves behind. Linked with $(WRAP_ALLOCATIONS) $(WRAP_CALLS). */
#ifndef TESTS_SUPPORT_FAILING_H
#define TESTS_SUPPORT_FAILING_H

#include <stdbool.h>

struct failing {
  int (*main)(int argc, char **argv);
  const char *const *options; /* with the name in front, NULL behind */
  /* SIGTERM is pending from the start, so that a service takes it when it is ready and ends. */
  bool until_ready;
  void (*check)(int status); /* after each run, in the parent, or NULL */
};

/* What the last run said on standard output and standard error. */
extern char failing_said[16384];

/* Runs it as it is. Returns the exit status; fails the test if a signal ended it. */
int failing_run(const struct failing *failing);
/* Fails each allocation in turn: the program does without, or says that memory is missing and exits with 1 or
 * 2. Returns how many there are. */
unsigned failing_allocations(const struct failing *failing);
/* Fails each call of this name in turn (calls.h): the program does without, or says why, and exits with 1 or
 * 2. also: a text that may stand for strerror(error), or NULL. Fails the test if there is no such call. */
void failing_calls(const struct failing *failing, const char *name, int error, const char *also);

#endif
