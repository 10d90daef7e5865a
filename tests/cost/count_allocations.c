/* SPDX-License-Identifier: MIT */
/* Counts the allocations of each thread of the program that this file is linked into, including those of
 * shared libraries: a program's own malloc() has precedence over the C library's. At exit it writes a line
 * "TID COUNT" for each thread to the file that $COST_ALLOCATIONS names. Frees are not counted: each belongs
 * to an allocation. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cost/countable.h"

#if COST_COUNTABLE
enum { THREADS_MAX = 1024 };

static struct {
  pid_t thread;
  unsigned long count;
} threads[THREADS_MAX];
static atomic_uint thread_count;
static _Thread_local unsigned long *mine;

static void count(void) {
  unsigned index;
  if (!mine && (index = atomic_fetch_add(&thread_count, 1)) < THREADS_MAX) {
    threads[index].thread = gettid();
    mine = &threads[index].count;
  }
  if (mine) ++*mine;
}

/* glibc exports its own functions for this purpose. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  count();
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count();
  return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
  count();
  return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  void *block = aligned_alloc(alignment, size);
  if (!block) return ENOMEM;
  *out = block;
  return 0;
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("COST_ALLOCATIONS");
  FILE *out = path ? fopen(path, "w") : NULL;
  if (!out) return;
  unsigned known = atomic_load(&thread_count) < THREADS_MAX ? atomic_load(&thread_count) : THREADS_MAX;
  for (unsigned i = 0; i < known; i++) fprintf(out, "%d %lu\n", (int)threads[i].thread, threads[i].count);
  fclose(out);
}
#endif
