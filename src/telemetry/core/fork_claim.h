/* SPDX-License-Identifier: MIT */
/* Decides which process exports the queued items after a fork. If a queue is not started at a fork, each
 * process has a copy of it: the first process that starts its copy exports the items, and the others forget
 * them. For that, each item that is queued before the start has a ticket, which no other process issues. If a
 * queue is started, its worker runs only in the parent. In a child it is foreign and must not be used. */
#ifndef TELEMETRY_CORE_FORK_CLAIM_H
#define TELEMETRY_CORE_FORK_CLAIM_H

#include <stdatomic.h>
#include <stdbool.h>

#include "tel/error.h"

struct tel_item;
struct tel_tickets;

struct tel_fork_claim {
  _Atomic unsigned started_in; /* forks_generation() + 1; 0: not started */
  struct tel_tickets *tickets; /* shared by all processes */
};

/* Returns 0 or TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_fork_claim_init(struct tel_fork_claim *claim);
void tel_fork_claim_free(struct tel_fork_claim *claim);
/* The ticket of an item that is being queued. 0: only this process has the item, because the queue is
 * started. The same if there are no more tickets: then each process may export its copy. */
unsigned tel_fork_claim_ticket(struct tel_fork_claim *claim);
/* Call it when the queue starts. Removes from the list the items that another process exports, and returns
 * them in order. */
struct tel_item *tel_fork_claim_start(struct tel_fork_claim *claim, struct tel_item **first);
/* Whether this process or an ancestor has started the queue. */
bool tel_fork_claim_started(const struct tel_fork_claim *claim);
/* Whether an ancestor of this process has started the queue. */
bool tel_fork_claim_foreign(const struct tel_fork_claim *claim);

#endif
