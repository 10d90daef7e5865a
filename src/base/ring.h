/* A bounded queue of pointers without locks, for many producers and many consumers (after D. Vyukov's array
 * queue). A push to a full ring fails and a pop from an empty one returns NULL; neither waits for another
 * thread. A consumer may see "empty" while a producer has claimed a slot and not yet filled it. */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring;

/* capacity is rounded up to a power of two, at least 2. NULL when out of memory. */
struct ring *ring_new(size_t capacity);
/* The pointers still in it are not freed. Takes NULL. */
void ring_free(struct ring *ring);

/* False when full. item is not NULL. Any thread. */
bool ring_push(struct ring *ring, void *item);
/* NULL when empty. Any thread. */
void *ring_pop(struct ring *ring);
/* How many pointers are in it; exact only while no thread pushes or pops. Any thread. */
size_t ring_count(const struct ring *ring);

#endif
