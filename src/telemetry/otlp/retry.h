/* SPDX-License-Identifier: MIT */
/* OTLP's retry rules, as pure functions. */
#ifndef TELEMETRY_OTLP_RETRY_H
#define TELEMETRY_OTLP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the status allows a retry: 429, 502, 503 or 504. */
bool tel_retry_status(int status);
/* Converts a Retry-After header, seconds or an HTTP date, to nanoseconds from now (at most a day; a date in
 * the past is 0). Returns false if it is neither. */
bool tel_retry_after(const char *value, uint64_t now_unix_ns, uint64_t *delay_ns);
/* The wait after a failure; attempt counts failures from 0. The maximum wait doubles from half a second to
 * five seconds, and the minimum is half of the maximum. chance (0 to 1) selects a value between them, so that
 * many clients do not retry at the same time. */
uint64_t tel_retry_backoff_ns(unsigned attempt, double chance);

#endif
