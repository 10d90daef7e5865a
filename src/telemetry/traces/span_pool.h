/* SPDX-License-Identifier: MIT */
/* Spans come from a pool, and when that is used up from the heap. Any thread. Internal to src/telemetry. */
#ifndef TELEMETRY_TRACES_SPAN_POOL_H
#define TELEMETRY_TRACES_SPAN_POOL_H

#include "base/pool.h"

struct tel_span;

/* A span to initialise, or NULL when out of memory. */
struct tel_span *tel_span_pool_take(struct pool *pool);
void tel_span_pool_give(struct pool *pool, struct tel_span *span);

#endif
