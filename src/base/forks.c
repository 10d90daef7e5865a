#include "base/forks.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic unsigned forks;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void forked(void) {
  atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

static void watch(void) {
  if (pthread_atfork(NULL, NULL, forked) != 0) abort();
}

void forks_watch(void) {
  pthread_once(&once, watch);
}

unsigned forks_count(void) {
  return atomic_load_explicit(&forks, memory_order_relaxed);
}
