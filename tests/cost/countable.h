/* SPDX-License-Identifier: MIT */
/* Whether this build's costs can be counted: only with glibc and without a sanitizer, which has its own
 * malloc() and executes many more instructions. */
#ifndef TESTS_COST_COUNTABLE_H
#define TESTS_COST_COUNTABLE_H

#include <features.h>

#include "base/sanitized.h"

#if defined __GLIBC__ && !SANITIZED
#define COST_COUNTABLE 1
#else
#define COST_COUNTABLE 0
#endif

#endif
