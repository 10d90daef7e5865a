/* SPDX-License-Identifier: MIT */
#include "server/listen_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static const char *advice(int error) {
  switch (error) {
  case EADDRINUSE:
    return "another program listens there: stop it or choose another port";
  case EADDRNOTAVAIL:
    return "this machine has no such address: choose one of its own, or 0.0.0.0 for all";
  case EACCES:
    return "ports below 1024 need root or CAP_NET_BIND_SERVICE: choose a higher port";
  case EAFNOSUPPORT:
    return "this machine does not support this address family: choose an IPv4 address";
  default:
    return "";
  }
}

int server_listen_open(struct address *address, struct error *error) {
  char text[ADDRESS_TEXT_SIZE];
  bool v6 = address->any.sa_family == AF_INET6;
  int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int one = 1, zero = 0;
  /* "::" accepts IPv4 too, regardless of the system's default. */
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
      (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero) != 0) ||
      bind(fd, &address->any, address_length(address)) != 0 || listen(fd, BACKLOG) != 0 ||
      getsockname(fd, &address->any, &(socklen_t){sizeof *address}) != 0) {
    int why = errno;
    const char *what = advice(why);
    error_set(error, "cannot listen on %s: %s%s%s", address_text(address, text), strerror(why),
              *what ? "; " : "", what);
    if (fd >= 0) close(fd);
    return -1;
  }
  return fd;
}
