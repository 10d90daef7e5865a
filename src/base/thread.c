/* SPDX-License-Identifier: MIT */
#include "config.h" /* first: GNU extensions */

#include "base/thread.h"

#include <assert.h>
#include <signal.h>
#include <string.h>

static void *begin(void *cls) {
  struct thread *thread = cls;
  pthread_setname_np(pthread_self(), thread->name);
  thread->run(thread->cls);
  return NULL;
}

int thread_start(struct thread *thread, const char *name, void (*run)(void *cls), void *cls) {
  sigset_t all, before;
  assert(strlen(name) <= THREAD_NAME_MAX);
  thread->name = name;
  thread->run = run;
  thread->cls = cls;
  /* The new thread inherits the mask. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&thread->id, NULL, begin, thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}
