/* SPDX-License-Identifier: MIT */
/* Whether a request comes from this machine. Pure; any thread. */
#ifndef HTTP_LOCAL_H
#define HTTP_LOCAL_H

#include <stdbool.h>

/* A numeric address in 127.0.0.0/8, ::1, or the former as IPv6 (::ffff:127.0.0.1). False for NULL. */
bool http_local_address(const char *address);
/* The value of a Host header that names this machine without asking DNS: a loopback address, localhost, or a
 * name below localhost, each with or without a port. A DNS rebinding attack sends another name. */
bool http_local_host(const char *host);

#endif
