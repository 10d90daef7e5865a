/* SPDX-License-Identifier: MIT */
/* Reports the service's state to the service manager (systemd, Type=notify) by its datagram protocol. */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

/* Sends lines such as "READY=1" to the socket (NOTIFY_SOCKET's value: a path, or "@" and an abstract name);
 * does nothing for NULL or "". Does not block. Returns 0, or -1 with errno. */
int app_notify(const char *socket_name, const char *state);
/* Sends "RELOADING=1" with the timestamp that systemd requires. */
int app_notify_reloading(const char *socket_name);

#endif
