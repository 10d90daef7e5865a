/* SPDX-License-Identifier: MIT */
#include "app/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

int app_notify(const char *socket_name, const char *state) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  if (!socket_name || !*socket_name) return 0;
  size_t len = strlen(socket_name);
  if ((*socket_name != '/' && *socket_name != '@') || len >= sizeof to.sun_path) {
    errno = EINVAL;
    return -1;
  }
  memcpy(to.sun_path, socket_name, len);
  if (*to.sun_path == '@') *to.sun_path = '\0';
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to,
                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
  int why = errno;
  close(fd);
  errno = why;
  return sent < 0 ? -1 : 0;
}

int app_notify_reloading(const char *socket_name) {
  char state[64];
  snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%llu",
           (unsigned long long)(clock_mono_ns() / 1000));
  return app_notify(socket_name, state);
}
