/* SPDX-License-Identifier: MIT */
/* Whether this build's costs can be counted: only with glibc and without a sanitizer, which has its own
 * malloc() and executes many more instructions. */
#ifndef TESTS_COST_COUNTABLE_H
#define TESTS_COST_COUNTABLE_H

#include <features.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COST_SANITIZED 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define COST_SANITIZED 1
#endif

#if defined __GLIBC__ && !defined COST_SANITIZED
#define COST_COUNTABLE 1
#else
#define COST_COUNTABLE 0
#endif

#endif
