#include <config.h>

#include "app/healthcheck.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/server.h"

static const char request[] =
    "GET /readyz HTTP/1.1\r\nHost: localhost\r\nUser-Agent: minishop-healthcheck\r\n"
    "Connection: close\r\n\r\n";

/* A service that listens on every address is reached on the loopback. */
static socklen_t reach(const char *address, unsigned port, struct sockaddr_storage *out) {
  struct sockaddr_in *v4 = (struct sockaddr_in *)out;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
  memset(out, 0, sizeof *out);
  if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
    if (v4->sin_addr.s_addr == htonl(INADDR_ANY)) v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1) return 0;
  if (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr)) v6->sin6_addr = in6addr_loopback;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons((uint16_t)port);
  return sizeof *v6;
}

/* 0 when the socket can be read or written; ETIMEDOUT at the deadline. */
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

static int exchange(int fd, const struct sockaddr_storage *to, socklen_t len, char *line, size_t size) {
  uint64_t deadline = clock_mono_ns() + 2 * CLOCK_NS_PER_S;
  size_t used = 0;
  if (connect(fd, (const struct sockaddr *)to, len) != 0) {
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

int app_healthcheck(const char *listen, struct app_error *error) {
  char address[64], why[HTTP_ERROR_SIZE], line[128];
  struct sockaddr_storage to;
  unsigned port;
  if (http_listen_parse(listen, address, sizeof address, &port, why) != 0) {
    app_error_set(error, "%s", why);
    return -1;
  }
  if (port == 0) {
    app_error_set(error, "listen has port 0: only the running service knows its port; give it with --listen");
    return -1;
  }
  socklen_t len = reach(address, port, &to);
  int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int result = -1;
  if (fd < 0 || exchange(fd, &to, len, line, sizeof line) != 0)
    app_error_set(error, "no answer from %s: %s", listen, strerror(errno));
  else if (strncmp(line, "HTTP/1.1 200 ", 13) == 0)
    result = 0;
  else
    app_error_set(error, "%s is not ready: %.*s", listen, (int)strcspn(line, "\r\n"), line);
  if (fd >= 0) close(fd);
  return result;
}
