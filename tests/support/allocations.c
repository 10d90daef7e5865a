/* SPDX-License-Identifier: MIT */
#include "support/allocations.h"

#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

static _Atomic unsigned calls;
static _Atomic unsigned failing; /* 0: none */

void allocations_fail_at(unsigned at) {
  atomic_store(&calls, 0);
  atomic_store(&failing, at);
}

void allocations_succeed(void) {
  atomic_store(&failing, 0);
}

unsigned allocations_count(void) {
  return atomic_load(&calls);
}

unsigned allocations_walk(bool (*try)(void)) {
  for (unsigned at = 1;; at++) {
    allocations_fail_at(at);
    bool done = try();
    allocations_succeed();
    if (done) return at - 1;
    ck_assert_uint_ge(allocations_count(), at); /* otherwise try failed for another reason */
  }
}

bool allocations_fails(void) {
  if (atomic_fetch_add(&calls, 1) + 1 != atomic_load(&failing)) return false;
  errno = ENOMEM;
  return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size) {
  return allocations_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return allocations_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
  return allocations_fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  return allocations_fails() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text) {
  return allocations_fails() ? NULL : __real_strdup(text);
}
