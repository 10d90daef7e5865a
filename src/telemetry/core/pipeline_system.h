/* SPDX-License-Identifier: MIT */
/* The system functions of a pipeline: a lock, two conditions, a clock and a thread. A test replaces them. */
#ifndef TELEMETRY_CORE_PIPELINE_SYSTEM_H
#define TELEMETRY_CORE_PIPELINE_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "tel/error.h"

enum tel_condition { TEL_WORK, TEL_DONE, TEL_CONDITIONS };

struct tel_pipeline_system {
  uint64_t (*now_mono_ns)(void *cls);
  void (*lock)(void *cls);
  void (*unlock)(void *cls);
  /* Releases the lock until the condition is signalled, or until the given time. May return early. */
  void (*wait)(void *cls, enum tel_condition which, uint64_t until_mono_ns);
  /* Wakes all waiting threads. Under the lock. */
  void (*signal)(void *cls, enum tel_condition which);
  /* Calls run(arg) on a new thread. TEL_E_SYSTEM (errno). name is static. */
  int (*start)(void *cls, void (*run)(void *arg), void *arg, const char *name);
  /* Joins that thread (wait), or detaches it. */
  void (*end)(void *cls, bool wait);
  void (*free)(void *cls);
  void *cls;
};

/* POSIX threads; the new thread blocks all signals. Returns 0 or TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_pipeline_system_threads(struct tel_pipeline_system *out);

#endif
