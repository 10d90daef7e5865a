/* SPDX-License-Identifier: MIT */
/* Detects that the process is a child of fork(): it has the memory of its parent, but none of its threads.
 * Any thread. */
#ifndef BASE_FORKS_H
#define BASE_FORKS_H

#include <stdatomic.h>

/* Starts to count. When out of memory, forks go unnoticed. */
void forks_watch(void);

/* Internal: call forks_count(). */
extern _Atomic unsigned forks_seen;

/* How many forks lie between this process and the one that first called forks_watch(). The latter has 0. A
 * single load, because the path of requests uses it. */
static inline unsigned forks_count(void) {
  return atomic_load_explicit(&forks_seen, memory_order_relaxed);
}

#endif
