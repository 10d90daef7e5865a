/* SPDX-License-Identifier: MIT */
/* Sockets of 127.0.0.1. These functions make no assertion, because check allocates: they abort if the machine
 * refuses a socket. */
#ifndef TESTS_SUPPORT_LOOPBACK_H
#define TESTS_SUPPORT_LOOPBACK_H

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/* A free port that no other test process gets before this one ends. An abstract socket with its number is the
 * reservation. free_ports() of labtest.py reserves in the same way, and has the reasons. */
static inline unsigned loopback_free_port(void) {
  enum { FIRST = 10000, PORTS = 20000 };
  for (unsigned tried = 0, port = (unsigned)getpid() * 7919; tried < PORTS; tried++) {
    port = FIRST + (port + 1 - FIRST) % PORTS;
    struct sockaddr_un mark = {.sun_family = AF_UNIX};
    int len = snprintf(mark.sun_path + 1, sizeof mark.sun_path - 1, "minishop-test-port-%u", port), one = 1;
    const struct sockaddr_in at = loopback_address(port);
    int reservation = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool reserved = bind(reservation, (struct sockaddr *)&mark,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) == 0 &&
                    bind(fd, (const struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    if (reserved) return port; /* the reservation stays open */
    close(reservation);
  }
  abort();
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
