/* SPDX-License-Identifier: MIT */
/* The target of a request line. */
#ifndef SERVER_TARGET_PRIVATE_H
#define SERVER_TARGET_PRIVATE_H

#include <stdbool.h>

/* Replaces a raw target in absolute form with its path without the query, in place. Sets *authority and *path
 * (with the query); the caller frees both. They are NULL for other forms. Returns false if out of memory; the
 * target is then unchanged. */
bool server_target_split(char *target, char **authority, char **path);
/* Whether this server accepts the target's form for this method. */
bool server_target_is_served(const char *target, const char *method);
/* Whether the text is a valid host (a name, an IPv4 address, or an IPv6 address in brackets) with an optional
 * port, as in a Host header. */
bool server_target_authority_is_valid(const char *authority);

#endif
