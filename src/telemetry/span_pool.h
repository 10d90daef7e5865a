/* Spans for reuse, without locks. Memory is reserved at once and first touched when so many spans are out at
 * the same time; more spans than the pool has come from the heap. Any thread. Internal to src/telemetry. */
#ifndef TELEMETRY_SPAN_POOL_H
#define TELEMETRY_SPAN_POOL_H

#include <stddef.h>

struct tel_span;
struct tel_span_pool;

/* NULL when out of memory. */
struct tel_span_pool *tel_span_pool_new(size_t capacity);
/* All spans have been given back. Takes NULL. */
void tel_span_pool_free(struct tel_span_pool *pool);
/* An uninitialised span, or NULL when out of memory. */
struct tel_span *tel_span_pool_take(struct tel_span_pool *pool);
void tel_span_pool_give(struct tel_span_pool *pool, struct tel_span *span);

#endif
