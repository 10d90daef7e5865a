/* SPDX-License-Identifier: MIT */
#include "base/forks.h"

#include <pthread.h>

_Atomic unsigned forks_seen;

static void forked(void) {
  atomic_fetch_add_explicit(&forks_seen, 1, memory_order_relaxed);
}

static void watch(void) {
  (void)pthread_atfork(NULL, NULL, forked);
}

void forks_watch(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, watch);
}
