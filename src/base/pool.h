/* SPDX-License-Identifier: MIT */
/* A bounded, lock-free pool of objects of one size, for any thread. It hands out the object that was given
 * back last, because that is still in the cache. Objects that were never taken are never touched, so they use
 * no memory. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

/* Makes count objects of size bytes, aligned for any type. An object is zero until it is first taken. count
 * is 1 to 2^32 - 2. Returns NULL when out of memory. */
struct pool *pool_new(size_t count, size_t size);
/* Frees all objects, taken or not. Accepts NULL. */
void pool_free(struct pool *pool);
/* Returns an object with its previous content, or NULL when all are taken. */
void *pool_take(struct pool *pool);
/* Gives back an object that pool_take() returned. */
void pool_give(struct pool *pool, void *object);
/* The same, with objects from the heap when all of the pool are taken. Those are uninitialised. NULL when out
 * of memory. */
void *pool_take_or_allocate(struct pool *pool);
void pool_give_or_free(struct pool *pool, void *object);
/* Whether the object belongs to the pool. */
bool pool_owns(const struct pool *pool, const void *object);

#endif
