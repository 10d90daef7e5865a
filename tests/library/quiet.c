/* SPDX-License-Identifier: MIT */
/* quiet: a library must not change signals and their handlers, standard error, or the program's threads. It
 * must survive if the reader of its log has gone. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

#include "check.h"

enum { SIGNALS = 64 };

static int threads(void) {
  return entries("/proc/self/task");
}

static void read_signals(struct sigaction *actions, sigset_t *mask) {
  memset(actions, 0, SIGNALS * sizeof *actions);
  for (int i = 1; i < SIGNALS; i++) sigaction(i, NULL, &actions[i]);
  CHECK(pthread_sigmask(SIG_SETMASK, NULL, mask) == 0);
}

static void compare_signals(const struct sigaction *before, const sigset_t *mask_before) {
  struct sigaction now[SIGNALS];
  sigset_t mask;
  read_signals(now, &mask);
  for (int i = 1; i < SIGNALS; i++) {
    CHECK(now[i].sa_handler == before[i].sa_handler && now[i].sa_flags == before[i].sa_flags);
    CHECK(sigismember(&mask, i) == sigismember(mask_before, i));
  }
}

static void *nothing(void *cls) {
  return cls;
}

static void one_life(int lines) {
  struct sigaction actions[SIGNALS];
  sigset_t mask;
  read_signals(actions, &mask);
  int before = threads();
  struct tel *tel = tel_new("quiet", "1.0");
  say(tel, "early", 0);
  CHECK(threads() == before);
  compare_signals(actions, &mask);
  CHECK(tel_start(tel) == 0);
  CHECK(threads() > before);
  compare_signals(actions, &mask);
  for (int i = 0; i < lines; i++) {
    tel_span_end(tel_span_start(tel_tracer(tel), "quiet", TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
    say(tel, "line", i);
  }
  tel_free(tel, 5000);
  threads_become(before);
  compare_signals(actions, &mask);
}

/* The reader of standard output has gone: the process must not end by SIGPIPE, whose handler is the default.
 */
static void without_a_reader(void) {
  int ends[2];
  CHECK(pipe(ends) == 0 && dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO);
  close(ends[0]);
  close(ends[1]);
  struct tel *tel = tel_new("quiet", "1.0");
  CHECK(tel_start(tel) == 0);
  say(tel, "nobody reads this", 0);
  while (series_value(tel, "telemetry_log_lines_dropped_total{reason=\"write_error\"}") < 1)
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  tel_free(tel, 5000);
}

int main(void) {
  pthread_t first;
  CHECK(pthread_create(&first, NULL, nothing, NULL) == 0); /* ThreadSanitizer starts its own thread with it */
  pthread_join(first, NULL);
  for (int i = 0; i < 3; i++) one_life(100);
  without_a_reader();
  return 0;
}
