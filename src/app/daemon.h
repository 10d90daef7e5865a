/* SPDX-License-Identifier: MIT */
/* Runs the service in the background. The parent waits until the service is ready and returns its status. */
#ifndef APP_DAEMON_H
#define APP_DAEMON_H

struct app_daemon {
  int ready_fd; /* the child reports to its parent on this descriptor; -1: no parent */
};

/* Forks. The child leaves the terminal, starts its own session, changes to "/" with umask 027, and reads
 * /dev/null. It keeps standard error for messages until app_daemon_ready(). Call it before the process has
 * threads or other things that a child does not inherit. Returns -1 in the child, which continues. The parent
 * waits for app_daemon_ready() or the child's end, and returns the exit status: 0, or the child's. */
int app_daemon_start(struct app_daemon *daemon);
/* Tells the parent that the service is ready, and closes the terminal. Without a parent it does nothing. */
void app_daemon_ready(struct app_daemon *daemon);
/* Reports to the parent that the child ends with this status. Print the error message first. */
void app_daemon_report(struct app_daemon *daemon, int status);

#endif
