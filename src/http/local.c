/* SPDX-License-Identifier: MIT */
#include "http/local.h"

#include <string.h>
#include <strings.h>

#include "base/address.h"

bool http_local_address(const char *address) {
  struct address parsed;
  return address && address_parse_host(address, &parsed) && address_is_loopback(&parsed);
}

/* Copies the name without port and brackets to out. */
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
