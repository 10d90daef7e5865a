/* SPDX-License-Identifier: MIT */
#include "base/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool address_parse_host(const char *text, struct address *out) {
  struct address read = {.v6 = {.sin6_family = AF_INET6}};
  if (inet_pton(AF_INET6, text, &read.v6.sin6_addr) != 1) {
    memset(&read, 0, sizeof read);
    read.v4.sin_family = AF_INET;
    if (inet_pton(AF_INET, text, &read.v4.sin_addr) != 1) return false;
  }
  *out = read;
  return true;
}

void address_copy(struct address *out, const struct sockaddr *from) {
  memset(out, 0, sizeof *out);
  if (from->sa_family == AF_INET) memcpy(&out->v4, from, sizeof out->v4);
  if (from->sa_family == AF_INET6) memcpy(&out->v6, from, sizeof out->v6);
}

static bool is_v6(const struct address *address) {
  return address->any.sa_family == AF_INET6;
}

static bool is_mapped(const struct address *address) {
  return is_v6(address) && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);
}

socklen_t address_length(const struct address *address) {
  return is_v6(address) ? sizeof address->v6 : sizeof address->v4;
}

unsigned address_port(const struct address *address) {
  return ntohs(is_v6(address) ? address->v6.sin6_port : address->v4.sin_port);
}

bool address_is_loopback(const struct address *address) {
  const struct in6_addr *v6 = &address->v6.sin6_addr;
  if (is_mapped(address)) return v6->s6_addr[12] == 127;
  if (is_v6(address)) return IN6_IS_ADDR_LOOPBACK(v6);
  return address->any.sa_family == AF_INET && ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
}

const char *address_host(const struct address *address, char out[ADDRESS_HOST_SIZE]) {
  const char *host = NULL;
  if (is_mapped(address))
    host = inet_ntop(AF_INET, &address->v6.sin6_addr.s6_addr[12], out, ADDRESS_HOST_SIZE);
  else if (is_v6(address))
    host = inet_ntop(AF_INET6, &address->v6.sin6_addr, out, ADDRESS_HOST_SIZE);
  else if (address->any.sa_family == AF_INET)
    host = inet_ntop(AF_INET, &address->v4.sin_addr, out, ADDRESS_HOST_SIZE);
  return host ? host : strcpy(out, "unknown");
}

const char *address_text(const struct address *address, char out[ADDRESS_TEXT_SIZE]) {
  char host[ADDRESS_HOST_SIZE];
  address_host(address, host);
  snprintf(out, ADDRESS_TEXT_SIZE, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, address_port(address));
  return out;
}

bool address_port_parse(const char *text, unsigned *port) {
  const char *at = text;
  unsigned read = 0;
  for (; *at >= '0' && *at <= '9' && read <= 65535; at++) read = 10 * read + (unsigned)(*at - '0');
  if (at == text || *at || read > 65535) return false;
  *port = read;
  return true;
}

/* Parses the part before the port: an IPv6 address in brackets, an IPv4 address, "localhost", or nothing for
 * all addresses. */
static bool host_parse(const char *text, size_t len, struct address *out) {
  char host[ADDRESS_HOST_SIZE] = "0.0.0.0";
  bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';
  if (bracketed) {
    text++;
    len -= 2;
  }
  if (len >= sizeof host) return false;
  if (len || bracketed) snprintf(host, sizeof host, "%.*s", (int)len, text);
  if (!bracketed && strcmp(host, "localhost") == 0) strcpy(host, "127.0.0.1");
  return address_parse_host(host, out) && bracketed == is_v6(out);
}

int address_parse(const char *text, struct address *out, struct error *error) {
  const char *colon = strrchr(text, ':');
  struct address read;
  unsigned port;
  if (!colon)
    error_set(error, "\"%.100s\" has no port: write ADDRESS:PORT, such as 127.0.0.1:8080", text);
  else if (*text == '[' && (colon == text || colon[-1] != ']'))
    error_set(error, "\"%.100s\" is not an address: write [IPV6]:PORT, such as [::1]:8080", text);
  else if (strlen(colon + 1) > 5 || !address_port_parse(colon + 1, &port))
    error_set(error, "\"%.100s\" has no valid port: it must be a number from 0 to 65535", text);
  else if (!host_parse(text, (size_t)(colon - text), &read))
    error_set(
        error,
        "\"%.100s\" has no numeric address: write 127.0.0.1:8080, or an IPv6 address in brackets: [::1]:8080",
        text);
  else {
    if (is_v6(&read))
      read.v6.sin6_port = htons((uint16_t)port);
    else
      read.v4.sin_port = htons((uint16_t)port);
    *out = read;
    return 0;
  }
  return -1;
}
