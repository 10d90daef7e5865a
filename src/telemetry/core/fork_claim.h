/* SPDX-License-Identifier: MIT */
/* Decides which process exports the queued items after a fork. If a queue is not started at a fork, each
 * process has a copy of it: the first process that starts its copy exports the items, and the others forget
 * them. If a queue is started, its worker runs only in the parent. In a child it is foreign and must not be
 * used. */
#ifndef TELEMETRY_CORE_FORK_CLAIM_H
#define TELEMETRY_CORE_FORK_CLAIM_H

#include <stdatomic.h>
#include <stdbool.h>

#include "tel/error.h"

struct tel_item;

struct tel_fork_claim {
  unsigned made_in;            /* forks_generation() */
  _Atomic unsigned started_in; /* forks_generation() + 1; 0: not started */
  _Atomic unsigned *claimed; /* shared by all processes: number of claimed items of made_in; NULL: started */
};

/* Returns 0 or TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_fork_claim_init(struct tel_fork_claim *claim);
void tel_fork_claim_free(struct tel_fork_claim *claim);
/* Call it when the queue starts. Removes from the list the items that another process exports, and returns
 * them in order. */
struct tel_item *tel_fork_claim_start(struct tel_fork_claim *claim, struct tel_item **first);
/* Whether this process or an ancestor has started the queue. */
bool tel_fork_claim_started(const struct tel_fork_claim *claim);
/* Whether an ancestor of this process has started the queue. */
bool tel_fork_claim_foreign(const struct tel_fork_claim *claim);

#endif
