/* SPDX-License-Identifier: MIT */
/* Times as text: RFC 3339 in UTC, 2026-01-02T03:04:05.123456789Z. Pure; any thread. */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdint.h>

enum { TIMESTAMP_MAX = sizeof "2026-01-02T03:04:05.123456789Z" - 1 }; /* characters */

/* Writes nanoseconds since 1970 with 1 to 9 decimals of a second, truncated; no NUL. Returns their end. */
char *timestamp_write(char *to, uint64_t unix_ns, unsigned decimals);

#endif
