/* SPDX-License-Identifier: MIT */
/* Detects that the process is a child of fork(): it has the memory of its parent, but none of its threads.
 * Any thread. */
#ifndef BASE_FORKS_H
#define BASE_FORKS_H

#include <stdatomic.h>

/* Starts to count. If memory runs out, forks are not detected. */
void forks_watch(void);

/* Internal: call forks_generation(). */
extern _Atomic unsigned forks_seen;

/* Returns 0 in the process that first called forks_watch(), 1 in its children, 2 in their children. It is a
 * single load, because every request calls it. */
static inline unsigned forks_generation(void) {
  return atomic_load_explicit(&forks_seen, memory_order_relaxed);
}

#endif
