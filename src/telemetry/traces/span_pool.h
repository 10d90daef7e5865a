/* SPDX-License-Identifier: MIT */
/* Spans come from a pool, and from the heap if the pool is empty. Any thread. Internal to src/telemetry. */
#ifndef TELEMETRY_TRACES_SPAN_POOL_H
#define TELEMETRY_TRACES_SPAN_POOL_H

#include "base/pool.h"

struct tel_span;

/* Returns an uninitialised span, or NULL when out of memory. */
struct tel_span *tel_span_pool_take(struct pool *pool);
void tel_span_pool_give(struct pool *pool, struct tel_span *span);

#endif
