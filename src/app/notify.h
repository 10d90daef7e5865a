/* Tells the service manager (systemd, Type=notify) how we are, by its datagram protocol. */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

/* Sends lines such as "READY=1" to the socket (NOTIFY_SOCKET's value: a path, or "@" and an abstract name);
 * does nothing for NULL or "". Does not block. Returns 0, or -1 with errno. */
int app_notify(const char *socket_name, const char *state);
/* "RELOADING=1" with the time that systemd wants beside it. */
int app_notify_reloading(const char *socket_name);

#endif
