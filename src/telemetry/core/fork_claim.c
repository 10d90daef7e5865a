/* SPDX-License-Identifier: MIT */
#include "config.h" /* first: GNU extensions */

#include "telemetry/core/fork_claim.h"

#include <sys/mman.h>

#include "base/forks.h"
#include "telemetry/core/pipeline.h"

/* Only the pages that are used take memory. */
enum { TICKETS = 1 << 20 };
struct tel_tickets {
  _Atomic unsigned issued;
  _Atomic bool claimed[TICKETS];
};

int tel_fork_claim_init(struct tel_fork_claim *claim) {
  forks_watch();
  atomic_init(&claim->started_in, 0);
  void *pages = mmap(NULL, sizeof *claim->tickets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  claim->tickets = pages == MAP_FAILED ? NULL : pages;
  return claim->tickets ? 0 : TEL_E_MEMORY;
}

void tel_fork_claim_free(struct tel_fork_claim *claim) {
  if (claim->tickets) munmap(claim->tickets, sizeof *claim->tickets);
  claim->tickets = NULL;
}

unsigned tel_fork_claim_ticket(struct tel_fork_claim *claim) {
  if (tel_fork_claim_started(claim) || atomic_load(&claim->tickets->issued) >= TICKETS) return 0;
  unsigned ticket = 1 + atomic_fetch_add(&claim->tickets->issued, 1);
  return ticket <= TICKETS ? ticket : 0;
}

struct tel_item *tel_fork_claim_start(struct tel_fork_claim *claim, struct tel_item **first) {
  struct tel_item *others = NULL, **end = &others;
  for (struct tel_item **place = first, *item; (item = *place);) {
    if (item->ticket == 0 || !atomic_exchange(&claim->tickets->claimed[item->ticket - 1], true)) {
      item->ticket = 0; /* now it is only this process's, also if the start fails and is repeated */
      place = &item->next;
      continue;
    }
    *place = item->next;
    *end = item;
    end = &item->next;
    *end = NULL;
  }
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
