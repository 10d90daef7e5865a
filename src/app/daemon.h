/* SPDX-License-Identifier: MIT */
/* Runs the service in the background. The parent waits until the service is ready and returns its status. */
#ifndef APP_DAEMON_H
#define APP_DAEMON_H

#include "app/config.h"

struct app_daemon {
  int ready_fd; /* the child reports to its parent here; -1: no parent */
};

/* Leaves the terminal and the session, and the directory for "/"; umask 027; standard input is /dev/null,
 * standard error stays for messages until app_daemon_ready(). Call it before the first thread and before
 * anything that a child does not inherit. Returns -1 in the child, which goes on; otherwise in the parent,
 * which has waited for app_daemon_ready() or the child's end, and shall exit with what is returned: 0, or
 * what the child failed with. */
int app_daemon_start(struct app_daemon *daemon);
/* The service is ready: ends the parent and closes the terminal. Without a parent it does nothing. */
void app_daemon_ready(struct app_daemon *daemon);
/* The child ends with this status before it is ready; the message is already on standard error. */
void app_daemon_failed(struct app_daemon *daemon, int status);

#endif
