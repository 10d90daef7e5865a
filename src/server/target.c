/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* strndup */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/hex.h"
#include "base/text.h"
#include "server/target_private.h"

/* The start of the authority in a target in absolute form, or NULL. */
static char *authority_of(char *target) {
  if (strncasecmp(target, "http://", 7) == 0) return target + 7;
  return strncasecmp(target, "https://", 8) == 0 ? target + 8 : NULL;
}

bool server_target_split(char *target, char **authority, char **path) {
  char *from = authority_of(target);
  size_t len = from ? strcspn(from, "/?#") : 0;
  *authority = *path = NULL;
  if (len == 0) return true; /* another form of target, or no host */
  const char *rest = from + len;
  size_t size = strlen(rest) + 2;
  *authority = strndup(from, len);
  *path = malloc(size);
  if (!*authority || !*path) {
    free(*authority);
    free(*path);
    return false;
  }
  snprintf(*path, size, "%s%s", *rest == '/' ? "" : "/", rest);
  size_t path_len = strcspn(*path, "?");
  memcpy(target, *path, path_len); /* too short to overwrite the query, because the authority is gone */
  target[path_len] = '\0';
  return true;
}

bool server_target_is_served(const char *target, const char *method) {
  if (strcmp(method, "CONNECT") == 0) return false;
  return *target == '/' || (strcmp(target, "*") == 0 && strcmp(method, "OPTIONS") == 0);
}

/* An IPv6 address up to its closing bracket. Returns what follows that, or NULL. */
static const char *ipv6_end(const char *text) {
  char address[ADDRESS_HOST_SIZE];
  struct address parsed;
  size_t len = strcspn(text, "]");
  if (text[len] != ']' || len >= sizeof address) return NULL;
  memcpy(address, text, len);
  address[len] = '\0';
  return address_parse_host(address, &parsed) && parsed.any.sa_family == AF_INET6 ? text + len + 1 : NULL;
}

/* A registered name or an IPv4 address. Returns what follows it, or NULL. */
static const char *name_end(const char *text) {
  for (; *text && *text != ':'; text++) {
    if (!text_is_alnum(*text) && !strchr("-._~!$&'()*+,;=%", *text)) return NULL;
    if (*text == '%' && (hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0)) return NULL;
  }
  return text;
}

bool server_target_authority_is_valid(const char *authority) {
  unsigned port;
  const char *at = *authority == '[' ? ipv6_end(authority + 1) : name_end(authority);
  if (!at || at == authority) return false;
  if (!*at) return true;
  return *at == ':' && (!at[1] || address_port_parse(at + 1, &port));
}
