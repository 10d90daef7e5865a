/* SPDX-License-Identifier: MIT */
/* The running service: waits for signals and does what they say. */
#ifndef APP_RUN_H
#define APP_RUN_H

#include <semaphore.h>
#include <stdatomic.h>

#include "app/assembly.h"
#include "app/pidfile.h"
#include "base/thread.h"

struct app_run {
  struct app_assembly *assembly;
  struct app_config *config;         /* in effect */
  const struct app_sources *sources; /* to read it again */
  struct app_pidfile *pidfile;       /* removed at the end; may be NULL */
  const char *notify_socket;         /* may be NULL */
  /* The thread that watches the stop. */
  struct thread watch;
  sem_t stopping;
  uint64_t deadline; /* set before stopping is posted */
  atomic_bool over;
};

/* Starts the thread that keeps the deadline of the stop, while threads can still be had. Returns 0, or -1
 * with a text in error. */
int app_run_watch(struct app_run *run, struct error *error);

/* After app_run_watch(). Until SIGTERM or SIGINT, then stops the service and frees the assembly and the pid
 * file. SIGHUP reloads. Returns the exit status; a second signal or a missed deadline ends the process from
 * within, with 1. */
int app_run(struct app_run *run);

#endif
