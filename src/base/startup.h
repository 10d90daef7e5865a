/* SPDX-License-Identifier: MIT */
/* Prepares signals and standard descriptors. Both programs call startup() first. */
#ifndef BASE_STARTUP_H
#define BASE_STARTUP_H

#include <signal.h>

/* Blocks SIGTERM, SIGINT, SIGHUP and SIGUSR1, so that none of them ends the program before it can handle
 * them. Ignores SIGPIPE and SIGXFSZ: a write to a closed pipe, and one beyond the limit of a file's size
 * (RLIMIT_FSIZE), fail with an error instead. Opens the standard descriptors (0, 1, 2) that the parent
 * process has closed. Otherwise the next file that the program opens would get such a number. These
 * descriptors stay unusable: reading standard input fails, and so does writing to standard output or error.
 * If one cannot be opened, the program exits with status 1. A program linked by the GNU linker runs startup()
 * before the constructors of its libraries. main() calls it too; a second call does nothing. */
void startup(void);

/* The signals that startup() blocks. */
sigset_t startup_held_signals(void);
/* Restores the signals, for a program that only prints something and exits. */
void startup_release_signals(void);

/* Flushes standard output, at the end of a program that prints its result. Returns 0. If any output was lost,
 * prints a message on standard error and returns -1. */
int startup_flush_output(const char *program);

#endif
