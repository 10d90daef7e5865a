/* SPDX-License-Identifier: MIT */
#include "telemetry/traces/span_pool.h"

#include <stdlib.h>

#include "base/pool.h"
#include "telemetry/traces/span.h"

struct tel_span *tel_span_pool_take(struct pool *pool) {
  struct tel_span *span = pool_take(pool);
  return span ? span : malloc(sizeof *span);
}

void tel_span_pool_give(struct pool *pool, struct tel_span *span) {
  if (pool_owns(pool, span))
    pool_give(pool, span);
  else
    free(span);
}
