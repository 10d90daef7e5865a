/* SPDX-License-Identifier: MIT */
/* Limits events to a number in each second of the monotonic clock. Initialize it with zeros. Any thread. */
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rate {
  _Atomic uint64_t second;
  atomic_uint events; /* in that second */
};

/* Counts one event. Returns whether the count of this second, including this event, is at most limit. */
bool rate_passes(struct rate *rate, unsigned limit, uint64_t now_mono_ns);

#endif
