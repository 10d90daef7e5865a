/* SPDX-License-Identifier: MIT */
/* The target of a request line. */
#ifndef SERVER_TARGET_PRIVATE_H
#define SERVER_TARGET_PRIVATE_H

#include <stdbool.h>

/* Makes the path of a raw target in absolute form the target, in place and without its query. authority and
 * path, with the query, are then the caller's to free; NULL for other forms. False when out of memory:
 * unchanged. */
bool server_target_split(char *target, char **authority, char **path);
/* Whether the target's form is one that goes with the method here. */
bool server_target_is_served(const char *target, const char *method);
/* Whether this is a host (a name, an IPv4 address, or an IPv6 address in brackets) and, if there is a colon,
 * a port: what a Host header or a target in absolute form may name. */
bool server_target_authority_is_valid(const char *authority);

#endif
