/* SPDX-License-Identifier: MIT */
/* A bounded, lock-free pool of objects of one size, for any thread. It hands out the object that was given
 * back last, because that is still in the cache. Objects that were never taken are never touched, so they use
 * no memory. */
#ifndef TELEMETRY_CORE_POOL_H
#define TELEMETRY_CORE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct tel_pool;

/* Makes count objects of size bytes, aligned for any type. An object is zero until it is first taken. count
 * is 1 to 2^32 - 2. Returns NULL when out of memory. */
struct tel_pool *tel_pool_new(size_t count, size_t size);
/* Frees all objects, taken or not. Accepts NULL. */
void tel_pool_free(struct tel_pool *pool);
/* Returns an object with its previous content, or NULL when all are taken. */
void *tel_pool_take(struct tel_pool *pool);
/* Gives back an object that tel_pool_take() returned. */
void tel_pool_give(struct tel_pool *pool, void *object);
/* The same, with objects from the heap when all of the pool are taken. Those are uninitialised. NULL when out
 * of memory. */
void *tel_pool_take_or_allocate(struct tel_pool *pool);
void tel_pool_give_or_free(struct tel_pool *pool, void *object);
/* Whether the object belongs to the pool. */
bool tel_pool_owns(const struct tel_pool *pool, const void *object);

#endif
