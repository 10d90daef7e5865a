/* SPDX-License-Identifier: MIT */
/* Decides which process exports the queued items after a fork. A queue that is not started at a fork exists
 * in several processes: the first process that starts its copy sends an item, the others forget it. A queue
 * that is started has its worker in the parent. In a child it is foreign and must not be used. Internal to
 * src/telemetry. */
#ifndef TELEMETRY_CORE_FORK_CLAIM_H
#define TELEMETRY_CORE_FORK_CLAIM_H

#include <stdatomic.h>
#include <stdbool.h>

#include "tel/error.h"

struct tel_item;

struct tel_fork_claim {
  unsigned made_in;            /* forks_count() */
  _Atomic unsigned started_in; /* forks_count() + 1; 0: not started */
  _Atomic unsigned *claimed; /* shared by all processes: number of claimed items of made_in; NULL: started */
};

/* Returns 0 or TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_fork_claim_init(struct tel_fork_claim *claim);
void tel_fork_claim_free(struct tel_fork_claim *claim);
/* At the start: removes the items that another process sends from the list, in order, and returns them. */
struct tel_item *tel_fork_claim_start(struct tel_fork_claim *claim, struct tel_item **first);
/* Whether the queue was started in any process. */
bool tel_fork_claim_started(const struct tel_fork_claim *claim);
/* Whether the queue was started in another process. */
bool tel_fork_claim_foreign(const struct tel_fork_claim *claim);

#endif
