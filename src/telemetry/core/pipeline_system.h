/* SPDX-License-Identifier: MIT */
/* What a pipeline needs of the system: a lock, two conditions, a clock and a thread. A test has its own.
 * Internal to src/telemetry. */
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
  /* Gives up the lock until somebody signals the condition, or until then at the latest. May return early. */
  void (*wait)(void *cls, enum tel_condition which, uint64_t until_mono_ns);
  /* Wakes all that wait for it. Under the lock. */
  void (*signal)(void *cls, enum tel_condition which);
  /* Runs that on a thread of its own. TEL_E_SYSTEM (errno). name is static. */
  int (*start)(void *cls, void (*run)(void *arg), void *arg, const char *name);
  /* Waits for that thread's end, or leaves it. */
  void (*end)(void *cls, bool wait);
  void (*free)(void *cls);
  void *cls;
};

/* By POSIX threads, with all signals blocked in the one that is started. TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_pipeline_system_threads(struct tel_pipeline_system *out);

#endif
