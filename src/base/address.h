/* SPDX-License-Identifier: MIT */
/* An IP address with its port. Pure functions; any thread. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/error.h"

/* any.sa_family tells IPv4 from IPv6. Unused bytes are 0, so that memcmp() can compare two addresses. */
struct address {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  };
};

#define ADDRESS_LOOPBACK(port)                                                                               \
  {                                                                                                          \
    .v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)} }            \
  }

/* Reads "127.0.0.1:8080", "[::1]:8080", "localhost:0" or ":8080" (all IPv4 addresses). Does not use DNS.
 * Returns 0, or -1 with a text in error that says what is wrong; out is untouched then. */
int address_parse(const char *text, struct address *out, struct error *error);
/* Reads an address without a port or brackets: "127.0.0.1", "::1". The port is 0. Returns false and leaves
 * out untouched if text is not an address. */
bool address_parse_host(const char *text, struct address *out);
/* Reads digits, up to 65535. Returns false and leaves *port untouched if text is anything else. */
bool address_port_parse(const char *text, unsigned *port);
/* Copies an address that a system call returned. Other families become all zeros. */
void address_copy(struct address *out, const struct sockaddr *from);

/* The length of the socket address, for bind() and connect(). */
socklen_t address_length(const struct address *address);
unsigned address_port(const struct address *address);
/* Whether the address is in 127.0.0.0/8 (also as IPv6, ::ffff:127.0.0.1) or is ::1. */
bool address_is_loopback(const struct address *address);

enum { ADDRESS_HOST_SIZE = INET6_ADDRSTRLEN, ADDRESS_TEXT_SIZE = INET6_ADDRSTRLEN + 8 };
/* The address without its port: "127.0.0.1", "::1". A mapped IPv4 address (::ffff:127.0.0.1) is written as
 * IPv4; another family is "unknown". Returns out. */
const char *address_host(const struct address *address, char out[ADDRESS_HOST_SIZE]);
/* Writes "127.0.0.1:8080" or "[::1]:8080", which address_parse() can read. Returns out. */
const char *address_text(const struct address *address, char out[ADDRESS_TEXT_SIZE]);

#endif
