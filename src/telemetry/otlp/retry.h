/* SPDX-License-Identifier: MIT */
/* When to send again: OTLP's rules, as pure functions. Internal to src/telemetry. */
#ifndef TELEMETRY_OTLP_RETRY_H
#define TELEMETRY_OTLP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* 429, 502, 503, 504, and no other. */
bool tel_retry_status(int status);
/* The value of a Retry-After header, seconds or an HTTP date, as nanoseconds from now (at most a day; a date
 * in the past is 0). False if it is neither. */
bool tel_retry_after(const char *value, uint64_t now_unix_ns, uint64_t *delay_ns);
/* How long to wait after the attempt-th failure (from 0): doubles from half a second to five seconds, of
 * which at least half; the rest is chance (0 to 1), so that many clients do not come back at the same moment.
 */
uint64_t tel_retry_backoff_ns(unsigned attempt, double chance);

#endif
