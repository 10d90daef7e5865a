/* Prepares signals and standard descriptors. Both programs call it first. */
#ifndef BASE_STARTUP_H
#define BASE_STARTUP_H

/* Blocks SIGTERM, SIGINT, SIGHUP and SIGUSR1, so that none of them ends a program which is not ready to take
 * it, and ignores SIGPIPE. Opens the standard descriptors (0, 1, 2) that the caller has closed: otherwise the
 * next file would get such a number. A descriptor that was missing stays unusable for its purpose: reading
 * standard input and writing to standard output or error fail. Ends the program with 1 if that is impossible.
 * The GNU linker's programs run it before the constructors of their libraries; main() calls it too, which
 * then changes nothing. */
void startup(void);

/* Restores the signals: for a program that only prints something and ends. */
void startup_release_signals(void);

/* Flushes standard output at the end of a program that prints its result. Returns 0, or -1 after a message on
 * standard error if anything of it could not be written. */
int startup_flush_output(const char *program);

#endif
