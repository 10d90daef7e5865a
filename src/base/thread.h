/* SPDX-License-Identifier: MIT */
/* A named thread that blocks all signals, so that the program's other threads get them. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

struct thread {
  pthread_t id; /* join or detach it */
  /* The rest is for thread_start(). */
  const char *name;
  void (*run)(void *cls);
  void *cls;
};

enum { THREAD_NAME_MAX = 15 }; /* characters, the kernel's limit */

/* Runs run(cls) on a new thread. *thread must not move, and name must stay valid, until that thread has
 * ended. Returns 0, or an error number. */
int thread_start(struct thread *thread, const char *name, void (*run)(void *cls), void *cls);

#endif
