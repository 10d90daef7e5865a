/* SPDX-License-Identifier: MIT */
#include "telemetry/core/quota.h"

void tel_quota_init(struct tel_quota *quota, uint64_t capacity, uint64_t step) {
  quota->capacity = capacity;
  quota->step = step ? step : 1;
  atomic_init(&quota->granted, 0);
  for (int i = 0; i < SHARDS; i++) atomic_init(&quota->credit[i].weight, 0);
}

/* At least that weight, at most a step; 0: there is not so much left. */
static uint64_t grant(struct tel_quota *quota, uint64_t weight) {
  uint64_t granted = atomic_load_explicit(&quota->granted, memory_order_relaxed), more;
  do {
    uint64_t left = quota->capacity > granted ? quota->capacity - granted : 0;
    if (left < weight) return 0;
    more = weight < quota->step ? quota->step : weight;
    if (more > left) more = left;
  } while (!atomic_compare_exchange_weak(&quota->granted, &granted, granted + more));
  return more;
}

/* Takes what all processors have in advance. Returns whether that is any. */
static bool collect(struct tel_quota *quota) {
  uint64_t sum = 0;
  for (int i = 0; i < SHARDS; i++) sum += atomic_exchange(&quota->credit[i].weight, 0);
  atomic_fetch_sub(&quota->granted, sum);
  return sum > 0;
}

bool tel_quota_take(struct tel_quota *quota, uint64_t weight) {
  _Atomic uint64_t *own = &quota->credit[shard_index()].weight;
  uint64_t credit = atomic_load_explicit(own, memory_order_relaxed);
  while (credit >= weight)
    if (atomic_compare_exchange_weak(own, &credit, credit - weight)) return true;
  uint64_t granted = grant(quota, weight);
  if (granted == 0 && collect(quota)) granted = grant(quota, weight);
  if (granted == 0) return false;
  if (granted > weight) atomic_fetch_add(own, granted - weight);
  return true;
}

void tel_quota_give(struct tel_quota *quota, uint64_t weight) {
  atomic_fetch_sub(&quota->granted, weight);
}

/* The credits first: what is granted meanwhile counts as if it waited, and nothing that waits is missed. */
uint64_t tel_quota_taken(const struct tel_quota *quota) {
  uint64_t credit = 0;
  for (int i = 0; i < SHARDS; i++) credit += atomic_load(&quota->credit[i].weight);
  uint64_t granted = atomic_load(&quota->granted);
  return granted > credit ? granted - credit : 0;
}
