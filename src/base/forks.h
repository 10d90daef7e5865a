/* Whether this process is another one than it was: a child of fork() has its parent's memory, and none of its
 * threads. Any thread. */
#ifndef BASE_FORKS_H
#define BASE_FORKS_H

/* How many forks lie between this process and the one that called forks_watch() first; that one has 0. */
unsigned forks_count(void);
/* To be called before the first fork that is to be counted. Ends the process when out of memory. */
void forks_watch(void);

#endif
