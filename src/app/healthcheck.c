/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "app/healthcheck.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static const char request[] =
    "GET /readyz HTTP/1.1\r\nHost: localhost\r\nUser-Agent: minishop-healthcheck\r\n"
    "Connection: close\r\n\r\n";

/* Returns the loopback address if the service listens on every address. */
static struct address reachable(const struct address *listen) {
  struct address to = *listen;
  if (to.any.sa_family == AF_INET6) {
    if (IN6_IS_ADDR_UNSPECIFIED(&to.v6.sin6_addr)) to.v6.sin6_addr = in6addr_loopback;
  } else if (to.v4.sin_addr.s_addr == htonl(INADDR_ANY)) {
    to.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }
  return to;
}

/* Returns 0 when the socket can be read or written, or -1 with errno: ETIMEDOUT at the deadline. */
static int wait_for(int fd, short events, uint64_t deadline) {
  for (;;) {
    uint64_t now = clock_mono_ns();
    struct pollfd one = {.fd = fd, .events = events};
    if (now >= deadline) break;
    int ready = poll(&one, 1, (int)((deadline - now) / CLOCK_NS_PER_MS) + 1);
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) return -1;
  }
  errno = ETIMEDOUT;
  return -1;
}

static int exchange(int fd, const struct address *to, char *line, size_t size) {
  uint64_t deadline = clock_mono_ns() + 2 * CLOCK_NS_PER_S;
  size_t used = 0;
  if (connect(fd, &to->any, address_length(to)) != 0) {
    int why = 0;
    if (errno != EINPROGRESS || wait_for(fd, POLLOUT, deadline) != 0) return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &(socklen_t){sizeof why}) != 0 || (errno = why) != 0)
      return -1;
  }
  if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof request - 1)) return -1;
  while (used < size - 1) {
    if (wait_for(fd, POLLIN, deadline) != 0) return -1;
    ssize_t got = recv(fd, line + used, size - 1 - used, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    used += (size_t)got;
    if (memchr(line, '\n', used)) break;
  }
  line[used] = '\0';
  return 0;
}

int app_healthcheck(const struct address *listen, struct error *error) {
  char address[ADDRESS_TEXT_SIZE], line[128];
  struct address to = reachable(listen);
  address_text(listen, address);
  if (address_port(listen) == 0) {
    error_set(error, "listen has port 0: only the running service knows its port; give it with --listen");
    return -1;
  }
  int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int result = -1;
  if (fd < 0 || exchange(fd, &to, line, sizeof line) != 0)
    error_set(error, "no response from %s: %s", address, strerror(errno));
  else if (strncmp(line, "HTTP/1.1 200 ", 13) == 0)
    result = 0;
  else if (strncmp(line, "HTTP/", 5) != 0)
    error_set(error, "%s does not respond with HTTP, so it is not minishop: \"%.*s\"", address,
              (int)strcspn(line, "\r\n"), line);
  else
    error_set(error, "%s is not ready: %.*s", address, (int)strcspn(line, "\r\n"), line);
  if (fd >= 0) close(fd);
  return result;
}
