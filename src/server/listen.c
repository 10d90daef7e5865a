#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/server_private.h"

enum { BACKLOG = 1024 };

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

static socklen_t address_read(const char *text, unsigned port, union address *out) {
  memset(out, 0, sizeof *out);
  if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons((uint16_t)port);
    return sizeof out->v4;
  }
  if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1) {
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons((uint16_t)port);
    return sizeof out->v6;
  }
  return 0;
}

static const char *advice(int error) {
  switch (error) {
  case EADDRINUSE:
    return "another program listens there: stop it or choose another port";
  case EADDRNOTAVAIL:
    return "this machine has no such address: choose one of its own, or 0.0.0.0 for all";
  case EACCES:
    return "ports below 1024 need root or CAP_NET_BIND_SERVICE: choose a higher port";
  case EAFNOSUPPORT:
    return "this kind of address is switched off here: choose an IPv4 address";
  default:
    return "";
  }
}

int http_listen_open(const char *address, unsigned port, unsigned *bound_port, char error[HTTP_ERROR_SIZE]) {
  union address at;
  socklen_t len = address_read(address, port, &at);
  bool v6 = at.any.sa_family == AF_INET6;
  const char *open = v6 ? "[" : "", *close_ = v6 ? "]" : "";
  if (!len || port > 65535) {
    snprintf(error, HTTP_ERROR_SIZE,
             "cannot listen on %s port %u: not a numeric address and a port up to 65535", address, port);
    return -1;
  }
  int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int one = 1, zero = 0;
  /* "::" accepts IPv4 too, regardless of the system's default. */
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
      (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero) != 0) ||
      bind(fd, &at.any, len) != 0 || listen(fd, BACKLOG) != 0 ||
      getsockname(fd, &at.any, &(socklen_t){sizeof at}) != 0) {
    int why = errno;
    const char *what = advice(why);
    snprintf(error, HTTP_ERROR_SIZE, "cannot listen on %s%s%s:%u: %s%s%s", open, address, close_, port,
             strerror(why), *what ? "; " : "", what);
    if (fd >= 0) close(fd);
    return -1;
  }
  *bound_port = ntohs(v6 ? at.v6.sin6_port : at.v4.sin_port);
  return fd;
}

void http_address_format(const struct sockaddr *from, char *address, size_t size, unsigned *port) {
  union address at;
  *port = 0;
  snprintf(address, size, "unknown");
  if (from->sa_family == AF_INET) {
    memcpy(&at.v4, from, sizeof at.v4);
    *port = ntohs(at.v4.sin_port);
    inet_ntop(AF_INET, &at.v4.sin_addr, address, (socklen_t)size);
  } else if (from->sa_family == AF_INET6) {
    memcpy(&at.v6, from, sizeof at.v6);
    *port = ntohs(at.v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&at.v6.sin6_addr))
      inet_ntop(AF_INET, &at.v6.sin6_addr.s6_addr[12], address, (socklen_t)size);
    else
      inet_ntop(AF_INET6, &at.v6.sin6_addr, address, (socklen_t)size);
  }
}

/* One to five digits, up to 65535. */
static bool port_read(const char *text, unsigned *port) {
  unsigned value = 0;
  size_t len = strlen(text);
  if (len == 0 || len > 5) return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    value = 10 * value + (unsigned)(*text - '0');
  }
  *port = value;
  return value <= 65535;
}

int http_listen_parse(const char *text, char *address, size_t address_size, unsigned *port,
                      char error[HTTP_ERROR_SIZE]) {
  char host[INET6_ADDRSTRLEN];
  const char *colon = strrchr(text, ':'), *from = text, *to = colon;
  bool bracketed = *text == '[';
  unsigned value;
  union address ignored;

  if (!colon) {
    snprintf(error, HTTP_ERROR_SIZE, "\"%.100s\" has no port: write ADDRESS:PORT, such as 127.0.0.1:8080",
             text);
    return -1;
  }
  if (bracketed) {
    from = text + 1;
    to = strchr(text, ']');
    if (!to || to + 1 != colon) {
      snprintf(error, HTTP_ERROR_SIZE, "\"%.100s\" is not an address: write [IPV6]:PORT, such as [::1]:8080",
               text);
      return -1;
    }
  }
  if (!port_read(colon + 1, &value)) {
    snprintf(error, HTTP_ERROR_SIZE, "\"%.100s\" has no valid port: it must be a number from 0 to 65535",
             text);
    return -1;
  }
  if ((size_t)(to - from) >= sizeof host) to = from; /* too long for any address: refused below */
  snprintf(host, sizeof host, "%.*s", (int)(to - from), from);
  if (to == from && colon == text) snprintf(host, sizeof host, "0.0.0.0");
  if (strcmp(host, "localhost") == 0 && !bracketed) snprintf(host, sizeof host, "127.0.0.1");
  if (!address_read(host, value, &ignored) || bracketed != (ignored.any.sa_family == AF_INET6)) {
    snprintf(
        error, HTTP_ERROR_SIZE,
        "\"%.100s\" has no numeric address: write 127.0.0.1:8080, or an IPv6 address in brackets: [::1]:8080",
        text);
    return -1;
  }
  if (strlen(host) >= address_size) {
    snprintf(error, HTTP_ERROR_SIZE, "\"%.100s\" is too long an address", text);
    return -1;
  }
  memcpy(address, host, strlen(host) + 1);
  *port = value;
  return 0;
}
