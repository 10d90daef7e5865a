/* SPDX-License-Identifier: MIT */
#include "telemetry/core/left_behind.h"

#include <stdatomic.h>

static _Atomic(struct tel_left_behind *) all;
static atomic_size_t count;

void tel_leave_behind(struct tel_left_behind *what) {
  what->next = atomic_load(&all);
  while (!atomic_compare_exchange_weak(&all, &what->next, what)) continue;
  atomic_fetch_add(&count, 1);
}

size_t tel_left_behind_count(void) {
  return atomic_load(&count);
}
