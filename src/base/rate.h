/* SPDX-License-Identifier: MIT */
/* At most so many events in each second of the monotonic clock. Starts as all 0. Any thread. */
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rate {
  _Atomic uint64_t second;
  atomic_uint events; /* in it */
};

/* Counts one event. Returns whether at most limit events of this second, with this one, have been counted. */
bool rate_passes(struct rate *rate, unsigned limit, uint64_t now_mono_ns);

#endif
