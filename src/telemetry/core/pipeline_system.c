#include "config.h" /* first: GNU extensions */

#include "telemetry/core/pipeline_system.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"

struct threads {
  pthread_mutex_t lock;
  pthread_cond_t conditions[TEL_CONDITIONS];
  pthread_t thread;
  void (*run)(void *arg);
  void *arg;
  const char *name;
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
  const struct timespec time = {(time_t)(until / CLOCK_NS_PER_S), (long)(until % CLOCK_NS_PER_S)};
  if (until == UINT64_MAX)
    pthread_cond_wait(&threads->conditions[which], &threads->lock);
  else
    pthread_cond_timedwait(&threads->conditions[which], &threads->lock, &time);
}

static void wake(void *cls, enum tel_condition which) {
  pthread_cond_broadcast(&((struct threads *)cls)->conditions[which]);
}

static void *begin(void *cls) {
  struct threads *threads = cls;
  pthread_setname_np(pthread_self(), threads->name);
  threads->run(threads->arg);
  return NULL;
}

/* Signals are for the thread that waits for them, not for this one; SIGPIPE and SIGXFSZ come as errors here.
 */
static int start(void *cls, void (*what)(void *arg), void *arg, const char *name) {
  struct threads *threads = cls;
  sigset_t all, before;
  threads->run = what;
  threads->arg = arg;
  threads->name = name;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&threads->thread, NULL, begin, threads);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return error ? TEL_E_SYSTEM : TEL_OK;
}

static void end(void *cls, bool wait) {
  struct threads *threads = cls;
  if (wait)
    pthread_join(threads->thread, NULL);
  else
    pthread_detach(threads->thread);
}

static void release(void *cls) {
  struct threads *threads = cls;
  for (int i = 0; i < TEL_CONDITIONS; i++) pthread_cond_destroy(&threads->conditions[i]);
  pthread_mutex_destroy(&threads->lock);
  free(threads);
}

int tel_pipeline_system_threads(struct tel_pipeline_system *out) {
  pthread_condattr_t monotonic;
  struct threads *threads = calloc(1, sizeof *threads);
  if (!threads || pthread_condattr_init(&monotonic) != 0) {
    free(threads);
    return TEL_E_MEMORY;
  }
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&threads->lock, NULL);
  for (int i = 0; i < TEL_CONDITIONS; i++) pthread_cond_init(&threads->conditions[i], &monotonic);
  pthread_condattr_destroy(&monotonic);
  *out = (struct tel_pipeline_system){now, lock, unlock, wait_for, wake, start, end, release, threads};
  return TEL_OK;
}
