/* A bounded pool of equal objects, taken and given back without locks and in any thread.
 * The one given back last is taken first: it is still in the cache, and what a quiet service never needs is
 * never touched, so it costs no memory. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

/* count objects of size bytes, aligned as malloc() does, all zero until first taken. count: 1 to 2^32 - 2.
 * NULL when out of memory. */
struct pool *pool_new(size_t count, size_t size);
/* All objects go, taken or not. Takes NULL. */
void pool_free(struct pool *pool);
/* An object as it was last left, or NULL when all are taken. */
void *pool_take(struct pool *pool);
void pool_give(struct pool *pool, void *object);
/* Whether the object is one of the pool's. */
bool pool_owns(const struct pool *pool, const void *object);

#endif
