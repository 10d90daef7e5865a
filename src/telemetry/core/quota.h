/* SPDX-License-Identifier: MIT */
/* How much may wait: a bound that is exact, although threads on different processors seldom write to the same
 * cache line. Each processor is granted some weight in advance. Any thread. Internal to src/telemetry. */
#ifndef TELEMETRY_CORE_QUOTA_H
#define TELEMETRY_CORE_QUOTA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/shard.h"

struct tel_quota {
  uint64_t capacity, step; /* step: what is granted at one go; at least 1 */
  struct {
    _Alignas(SHARD_LINE) _Atomic uint64_t weight; /* granted in advance */
  } credit[SHARDS];
  _Alignas(SHARD_LINE) _Atomic uint64_t granted; /* to those who wait, and in advance */
};

void tel_quota_init(struct tel_quota *quota, uint64_t capacity, uint64_t step);
/* False: no more than the capacity may wait. */
bool tel_quota_take(struct tel_quota *quota, uint64_t weight);
void tel_quota_give(struct tel_quota *quota, uint64_t weight);
/* The weight that waits. */
uint64_t tel_quota_taken(const struct tel_quota *quota);
/* The same with what is granted in advance: less than step for each processor. */
static inline uint64_t tel_quota_granted(const struct tel_quota *quota) {
  return atomic_load(&quota->granted);
}

#endif
