/* SPDX-License-Identifier: MIT */
/* The environment variables of a test. */
#ifndef TESTS_SUPPORT_ENVIRONMENT_H
#define TESTS_SUPPORT_ENVIRONMENT_H

#include <stddef.h>
#include <string.h>

/* Like getenv(), for cls: a const char *const * to a list of NAME=VALUE that ends in NULL. */
static inline const char *environment_get(void *cls, const char *name) {
  size_t len = strlen(name);
  for (const char *const *pair = cls; *pair; pair++)
    if (strncmp(*pair, name, len) == 0 && (*pair)[len] == '=') return *pair + len + 1;
  return NULL;
}

#endif
