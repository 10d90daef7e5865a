/* Whether this process is another one than it was: a child of fork() has its parent's memory, and none of its
 * threads. Any thread. */
#ifndef BASE_FORKS_H
#define BASE_FORKS_H

#include <stdatomic.h>

/* To be called before the first fork that is to be counted. Without memory for it, forks go unnoticed. */
void forks_watch(void);

/* Use forks_count(). */
extern _Atomic unsigned forks_seen;

/* How many forks lie between this process and the one that called forks_watch() first; that one has 0. A
 * load: requests ask. */
static inline unsigned forks_count(void) {
  return atomic_load_explicit(&forks_seen, memory_order_relaxed);
}

#endif
