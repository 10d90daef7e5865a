/* SPDX-License-Identifier: MIT */
/* Preloaded into a process. The n-th reading of the wall clock (from 0) is n % 24 hours in the past. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *t) {
  static _Atomic unsigned readings;
  long result = syscall(SYS_clock_gettime, id, t);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) t->tv_sec -= 3600 * (long)(readings++ % 24);
  return (int)result;
}
