/* SPDX-License-Identifier: MIT */
#include "telemetry/core/stdout_turn.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/forks.h"

enum { WAIT_MAX_MS = 10 };

/* forks_generation() + 1 of the process whose thread has the turn; 0: none. A child of fork() must not wait
 * for a thread of its parent. */
static _Atomic unsigned owner;

bool tel_stdout_take(bool (*give_up)(void *cls), void *cls) {
  unsigned own = forks_generation() + 1;
  for (uint64_t wait_ms = 1;; wait_ms = wait_ms < WAIT_MAX_MS ? wait_ms + 1 : WAIT_MAX_MS) {
    unsigned other = atomic_load(&owner);
    if (other != own && atomic_compare_exchange_strong(&owner, &other, own)) return true;
    if (give_up(cls)) return false;
    clock_sleep_ns(wait_ms * CLOCK_NS_PER_MS);
  }
}

void tel_stdout_give(void) {
  atomic_store(&owner, 0);
}
