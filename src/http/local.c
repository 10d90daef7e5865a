#include "http/local.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

bool http_local_address(const char *address) {
  struct in_addr v4;
  struct in6_addr v6;
  if (!address) return false;
  if (inet_pton(AF_INET, address, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  if (inet_pton(AF_INET6, address, &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

/* The name without port and brackets into out. */
static bool host_name(const char *host, char *out, size_t size) {
  const char *end = *host == '[' ? strchr(host, ']') : host + strcspn(host, ":");
  if (!end) return false;
  const char *port = *host == '[' ? end + 1 : end;
  if (*port && (*port != ':' || port[1 + strspn(port + 1, "0123456789")])) return false;
  if (*host == '[') host++;
  size_t len = (size_t)(end - host);
  if (len == 0 || len >= size) return false;
  memcpy(out, host, len);
  out[len] = '\0';
  return true;
}

bool http_local_host(const char *host) {
  static const char localhost[] = "localhost";
  char name[256];
  if (!host_name(host, name, sizeof name)) return false;
  if (http_local_address(name)) return true;
  size_t len = strlen(name), tail = sizeof localhost - 1;
  if (name[len - 1] == '.') name[--len] = '\0';
  if (len < tail || strcasecmp(name + len - tail, localhost) != 0) return false;
  return len == tail || name[len - tail - 1] == '.';
}
