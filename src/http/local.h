/* SPDX-License-Identifier: MIT */
/* Whether a request comes from this machine. Pure; any thread. */
#ifndef HTTP_LOCAL_H
#define HTTP_LOCAL_H

#include <stdbool.h>

/* Whether the numeric address is in 127.0.0.0/8 (also as IPv6, ::ffff:127.0.0.1) or ::1. False for NULL. */
bool http_local_address(const char *address);
/* Whether the Host header names this machine without DNS: a loopback address, localhost, or a name below
 * localhost, each with or without a port. In a DNS rebinding attack, the header has another name. */
bool http_local_host(const char *host);

#endif
