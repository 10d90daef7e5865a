/* SPDX-License-Identifier: MIT */
#include "base/rate.h"

#include "base/clock.h"

bool rate_passes(struct rate *rate, unsigned limit, uint64_t now_mono_ns) {
  uint64_t second = now_mono_ns / CLOCK_NS_PER_S;
  if (atomic_exchange(&rate->second, second) != second) atomic_store(&rate->events, 0);
  return atomic_fetch_add(&rate->events, 1) < limit;
}
