/* SPDX-License-Identifier: MIT */
/* Which process exports what waits in a queue. A queue that waited for its start when the process forked
 * exists several times: each item is sent by the first process that starts its copy, and forgotten by the
 * others. A queue that was started has its worker in the parent: in a child it is foreign, and nobody touches
 * it. Internal to src/telemetry. */
#ifndef TELEMETRY_CORE_FORK_CLAIM_H
#define TELEMETRY_CORE_FORK_CLAIM_H

#include <stdatomic.h>
#include <stdbool.h>

#include "tel/error.h"

struct tel_item;

struct tel_fork_claim {
  unsigned made_in;            /* forks_count() */
  _Atomic unsigned started_in; /* forks_count() + 1; 0: not started */
  _Atomic unsigned *claimed; /* shared by all processes: items of made_in that one has taken; NULL: started */
};

/* TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_fork_claim_init(struct tel_fork_claim *claim);
void tel_fork_claim_free(struct tel_fork_claim *claim);
/* At the start: removes from the list what another process sends, and returns that. Order stays as it was. */
struct tel_item *tel_fork_claim_start(struct tel_fork_claim *claim, struct tel_item **first);
/* Whether it was started, in whatever process. */
bool tel_fork_claim_started(const struct tel_fork_claim *claim);
/* Whether the queue was started in another process than this one. */
bool tel_fork_claim_foreign(const struct tel_fork_claim *claim);

#endif
