/* SPDX-License-Identifier: MIT */
#include "telemetry/core/pipeline_system.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/condition.h"
#include "base/thread.h"

struct threads {
  pthread_mutex_t lock;
  pthread_cond_t conditions[TEL_CONDITIONS];
  struct thread thread;
};

static uint64_t now(void *cls) {
  (void)cls;
  return clock_mono_ns();
}

static void lock(void *cls) {
  pthread_mutex_lock(&((struct threads *)cls)->lock);
}

static void unlock(void *cls) {
  pthread_mutex_unlock(&((struct threads *)cls)->lock);
}

static void wait_for(void *cls, enum tel_condition which, uint64_t until) {
  struct threads *threads = cls;
  (void)condition_wait(&threads->conditions[which], &threads->lock, until);
}

static void wake(void *cls, enum tel_condition which) {
  pthread_cond_broadcast(&((struct threads *)cls)->conditions[which]);
}

/* All signals are blocked, so SIGPIPE and SIGXFSZ become errors. */
static int start(void *cls, void (*run)(void *arg), void *arg, const char *name) {
  errno = thread_start(&((struct threads *)cls)->thread, name, run, arg);
  return errno ? TEL_E_SYSTEM : TEL_OK;
}

static void end(void *cls, bool wait) {
  struct threads *threads = cls;
  if (wait)
    pthread_join(threads->thread.id, NULL);
  else
    pthread_detach(threads->thread.id);
}

static void release(void *cls) {
  struct threads *threads = cls;
  for (int i = 0; i < TEL_CONDITIONS; i++) pthread_cond_destroy(&threads->conditions[i]);
  pthread_mutex_destroy(&threads->lock);
  free(threads);
}

int tel_pipeline_system_threads(struct tel_pipeline_system *out) {
  struct threads *threads = calloc(1, sizeof *threads);
  if (!threads) return TEL_E_MEMORY;
  pthread_mutex_init(&threads->lock, NULL);
  for (int i = 0; i < TEL_CONDITIONS; i++) condition_init(&threads->conditions[i]);
  *out = (struct tel_pipeline_system){now, lock, unlock, wait_for, wake, start, end, release, threads};
  return TEL_OK;
}
