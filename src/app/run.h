/* SPDX-License-Identifier: MIT */
/* The running service: waits for signals and handles them. */
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

/* Starts the thread that enforces the shutdown deadline. It starts early, because creating a thread may fail
 * at shutdown. Returns 0, or -1 with a text in error. */
int app_run_watch(struct app_run *run, struct error *error);

/* Runs until SIGTERM or SIGINT, then stops the service and frees the assembly and the pid file. SIGHUP
 * reloads. Call it after app_run_watch(). Returns the exit status. A second signal or a missed deadline ends
 * the process with status 1. */
int app_run(struct app_run *run);

#endif
