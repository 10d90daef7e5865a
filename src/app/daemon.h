/* Into the background. The one who called stays until the service is ready, and tells how it went. */
#ifndef APP_DAEMON_H
#define APP_DAEMON_H

#include "app/config.h"

struct app_daemon {
  int ready_fd; /* where the child tells its parent; -1: there is none */
};

/* Leaves the terminal and the session, and the directory for "/"; umask 027; standard input is /dev/null,
 * standard error stays for messages until app_daemon_ready(). Call it before the first thread and before
 * anything that a child does not inherit. Returns -1 in the child, which goes on; otherwise in the parent,
 * which has waited for app_daemon_ready() or the child's end, and shall exit with what is returned: 0, or
 * what the child failed with. */
int app_daemon_start(struct app_daemon *daemon);
/* All is well: lets the parent go, and lets go of the terminal. Without a parent it does nothing. */
void app_daemon_ready(struct app_daemon *daemon);
/* The child ends with this status before it was ready; the message is on standard error already. */
void app_daemon_failed(struct app_daemon *daemon, int status);

#endif
