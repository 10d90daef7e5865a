/* The running service: waits for signals and does what they say. */
#ifndef APP_RUN_H
#define APP_RUN_H

#include "app/assembly.h"
#include "app/pidfile.h"

struct app_run {
  struct app_assembly *assembly;
  struct app_config *config;         /* in effect */
  const struct app_sources *sources; /* to read it again */
  struct app_pidfile *pidfile;       /* removed at the end; may be NULL */
  const char *notify_socket;         /* may be NULL */
};

/* Blocks the signals that app_run() takes, for this thread and all that it starts later; SIGPIPE is ignored.
 * Before the first thread. */
void app_run_block_signals(void);
/* Until SIGTERM or SIGINT, then stops the service and frees the assembly and the pid file. SIGHUP reloads.
 * Returns the exit status; a second signal or a missed deadline ends the process from within, with 1. */
int app_run(struct app_run *run);

#endif
