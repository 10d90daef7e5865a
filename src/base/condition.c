/* SPDX-License-Identifier: MIT */
#include "base/condition.h"

#include <errno.h>

#include "base/clock.h"

void condition_init(pthread_cond_t *condition) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &monotonic);
  pthread_condattr_destroy(&monotonic);
}

bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t deadline_mono_ns) {
  if (deadline_mono_ns == CONDITION_NO_DEADLINE) return pthread_cond_wait(condition, lock) == 0;
  const struct timespec deadline = clock_timespec(deadline_mono_ns);
  return pthread_cond_timedwait(condition, lock, &deadline) != ETIMEDOUT;
}
