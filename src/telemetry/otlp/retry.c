/* SPDX-License-Identifier: MIT */
#include "telemetry/otlp/retry.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>

#include "base/clock.h"

enum { FIRST_MS = 500, LAST_MS = 5000, DAY_S = 24 * 60 * 60 };

bool tel_retry_status(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

bool tel_retry_after(const char *value, uint64_t now_unix_ns, uint64_t *delay_ns) {
  uint64_t seconds = 0, now_s = now_unix_ns / CLOCK_NS_PER_S;
  if (isdigit((unsigned char)*value)) {
    for (; isdigit((unsigned char)*value); value++)
      if (seconds <= DAY_S) seconds = 10 * seconds + (uint64_t)(*value - '0');
    if (value[strspn(value, " \t")]) return false;
  } else {
    time_t date = isalpha((unsigned char)*value) ? curl_getdate(value, NULL) : -1;
    if (date < 0) return false;
    seconds = (uint64_t)date > now_s ? (uint64_t)date - now_s : 0;
  }
  *delay_ns = (seconds < DAY_S ? seconds : DAY_S) * CLOCK_NS_PER_S;
  return true;
}

uint64_t tel_retry_backoff_ns(unsigned attempt, double chance) {
  uint64_t ms = attempt < 4 ? (uint64_t)FIRST_MS << attempt : LAST_MS; /* 500, 1000, 2000, 4000, 5000 ... */
  return (uint64_t)((double)(ms * CLOCK_NS_PER_MS) * (0.5 + 0.5 * chance));
}
