/* SPDX-License-Identifier: MIT */
#include "config.h" /* first: GNU extensions */

#include "telemetry/core/fork_claim.h"

#include <sys/mman.h>

#include "base/forks.h"
#include "telemetry/core/pipeline.h"

int tel_fork_claim_init(struct tel_fork_claim *claim) {
  forks_watch();
  claim->made_in = forks_generation();
  atomic_init(&claim->started_in, 0);
  void *page = mmap(NULL, sizeof *claim->claimed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  claim->claimed = page == MAP_FAILED ? NULL : page;
  return claim->claimed ? 0 : TEL_E_MEMORY;
}

void tel_fork_claim_free(struct tel_fork_claim *claim) {
  if (claim->claimed) munmap(claim->claimed, sizeof *claim->claimed);
  claim->claimed = NULL;
}

/* Claims the oldest count items for this process. Returns how many of them other processes have. */
static unsigned claim_all(_Atomic unsigned *claimed, unsigned count) {
  unsigned taken = atomic_load(claimed);
  while (taken < count && !atomic_compare_exchange_weak(claimed, &taken, count)) continue;
  return taken;
}

struct tel_item *tel_fork_claim_start(struct tel_fork_claim *claim, struct tel_item **first) {
  struct tel_item *others = NULL, **end = &others;
  unsigned common = 0, at = 0;
  for (const struct tel_item *item = *first; item; item = item->next)
    common += item->queued_in == claim->made_in;
  unsigned taken = claim->claimed ? claim_all(claim->claimed, common) : 0;
  for (struct tel_item **place = first, *item; (item = *place);) {
    if (item->queued_in != claim->made_in || at++ >= taken) {
      place = &item->next;
      continue;
    }
    *place = item->next;
    *end = item;
    end = &item->next;
    *end = NULL;
  }
  tel_fork_claim_free(claim);
  atomic_store_explicit(&claim->started_in, forks_generation() + 1, memory_order_relaxed);
  return others;
}

bool tel_fork_claim_started(const struct tel_fork_claim *claim) {
  return atomic_load_explicit(&claim->started_in, memory_order_relaxed) != 0;
}

bool tel_fork_claim_foreign(const struct tel_fork_claim *claim) {
  unsigned started_in = atomic_load_explicit(&claim->started_in, memory_order_relaxed);
  return started_in != 0 && started_in != forks_generation() + 1;
}
