/* SPDX-License-Identifier: MIT */
/* Sockets of 127.0.0.1. These functions make no assertion, because check allocates: they abort if the machine
 * refuses a socket. */
#ifndef TESTS_SUPPORT_LOOPBACK_H
#define TESTS_SUPPORT_LOOPBACK_H

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline struct sockaddr_in loopback_address(unsigned port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Returns a connected socket, or -1 with errno. */
static inline int loopback_connect(unsigned port) {
  const struct sockaddr_in to = loopback_address(port);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) == 0) return fd;
  int why = errno;
  close(fd);
  errno = why;
  return -1;
}

/* Returns a socket that listens on a free port. The kernel accepts connections; nobody responds. */
static inline int loopback_listen(unsigned *port) {
  struct sockaddr_in at = loopback_address(0);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 64) != 0 ||
      getsockname(fd, (struct sockaddr *)&at, &(socklen_t){sizeof at}) != 0)
    abort();
  *port = ntohs(at.sin_port);
  return fd;
}

/* A free port, reserved until this process ends, as by free_port() of labtest.py. A server that sets
 * SO_REUSEADDR can listen at it. Until then it refuses connections. */
static inline unsigned loopback_free_port(void) {
  struct sockaddr_in at = loopback_address(0);
  int reservation = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  if (setsockopt(reservation, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
      bind(reservation, (struct sockaddr *)&at, sizeof at) != 0 ||
      getsockname(reservation, (struct sockaddr *)&at, &(socklen_t){sizeof at}) != 0)
    abort();
  return ntohs(at.sin_port);
}

/* Sends a request. The reply is all that arrives until the connection ends, as a text; "" without one. */
static inline void loopback_ask(unsigned port, const char *request, char *reply, size_t size) {
  int fd = loopback_connect(port);
  size_t len = 0;
  if (fd >= 0 && send(fd, request, strlen(request), MSG_NOSIGNAL) > 0)
    for (ssize_t n; len < size - 1 && (n = recv(fd, reply + len, size - 1 - len, 0)) > 0;) len += (size_t)n;
  reply[len] = '\0';
  if (fd >= 0) close(fd);
}

#endif
