/* A bounded pool of equal objects without locks, for any thread. It is last in, first out for each processor:
 * the last object is still in its cache, and objects that a quiet service never needs are never touched, so
 * they cost no memory. A processor without a free object takes another one's. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

/* count objects of size bytes, aligned as malloc() does, all zero until first taken. count: 1 to 2^32 - 2.
 * NULL when out of memory. */
struct pool *pool_new(size_t count, size_t size);
/* Frees all objects, taken or not. Takes NULL. */
void pool_free(struct pool *pool);
/* An object with its previous content, or NULL when all are taken. */
void *pool_take(struct pool *pool);
void pool_give(struct pool *pool, void *object);
/* Whether the object is one of the pool's. */
bool pool_owns(const struct pool *pool, const void *object);

#endif
