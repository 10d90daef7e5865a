/* SPDX-License-Identifier: MIT */
#include "base/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sanitized.h"

static sigset_t mask_before;
static const int ignored[] = {SIGPIPE, SIGXFSZ};
static void (*ignored_before[sizeof ignored / sizeof *ignored])(int);

sigset_t startup_held_signals(void) {
  static const int held[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof held / sizeof *held; i++) sigaddset(&set, held[i]);
  return set;
}

static void hold_signals(void) {
  const sigset_t set = startup_held_signals();
  sigprocmask(SIG_BLOCK, &set, &mask_before);
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
    ignored_before[i] = signal(ignored[i], SIG_IGN);
}

static void open_standard_descriptors(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    /* Open it in the wrong direction, so that using it fails as with a closed descriptor. open() returns this
     * number, because all lower ones are open. */
    if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) _exit(EXIT_FAILURE);
  }
}

void startup(void) {
  static bool done;
  if (done) return;
  done = true;
  hold_signals();
  open_standard_descriptors();
}

/* Constructors of shared libraries take milliseconds, and may open files, so startup() runs before them.
 * Sanitizers are not ready that early. */
#if !SANITIZED
__attribute__((section(".preinit_array"), used)) static void (*const early)(void) = startup;
#endif

void startup_release_signals(void) {
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], ignored_before[i]);
  sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

int startup_flush_output(const char *program) {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
  if (!errno) {
    /* An earlier write failed, and stdio does not keep its error number. One more byte fails for the same
     * reason. */
    clearerr(stdout);
    putchar('\n');
    fflush(stdout);
  }
  fprintf(stderr, "%s: cannot write to standard output%s%s\n", program, errno ? ": " : "",
          errno ? strerror(errno) : "");
  return -1;
}
