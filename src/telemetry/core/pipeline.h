/* SPDX-License-Identifier: MIT */
/* The one way of spans and log records from the threads that make them to the thread that takes them out of
 * the process: a bounded queue and one worker. What travels, and what is done with it, is told by callbacks.
 *
 * A push is a few atomic operations, without a lock and without a wait; where the queue is full it is
 * refused. The worker takes all that was pushed at one go, so a thread that is held up in a push holds up
 * nobody. It begins when enough waits, when the delay since it last looked or since the first item is over,
 * on a flush, and at the stop.
 *
 * Each item is settled once: processed, or lost. A stop keeps its deadline: when the worker hangs, it is left
 * behind with the pipeline, and touches only that and what process() uses. Internal to src/telemetry. */
#ifndef TELEMETRY_CORE_PIPELINE_H
#define TELEMETRY_CORE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tel/error.h"
#include "telemetry/core/pipeline_system.h"

/* The first member of what travels. bytes and weight are set by its maker. */
struct tel_item {
  struct tel_item *next;
  uint32_t bytes;
  uint32_t weight;    /* how many things it is, at least 1 */
  unsigned queued_in; /* forks_count() */
};

struct tel_pipeline_settings {
  const char *name;          /* of the thread; static */
  size_t capacity;           /* weight that may wait */
  size_t batch, batch_bytes; /* of one call of process(): at most, but for a single item */
  size_t wake;               /* weight that wakes the worker */
  uint64_t delay_ns;         /* after which it looks at less, too; no item waits longer for it */
  uint64_t grace_ns;         /* after the deadline of a stop */
  bool works_at_stop;        /* a worker that was never started is started at the stop */
};

struct tel_pipeline_work {
  /* Takes items out of the process. May take its time, or hang. On the worker's thread. Returns those that
   * are still to be released, linked as they were. */
  struct tel_item *(*process)(void *cls, struct tel_item *first);
  /* Counts what became of those. Under the pipeline's lock; never called for a worker that was left behind.
   */
  void (*settle)(void *cls);
  /* Counts weight that was not processed before the deadline. Under the pipeline's lock. */
  void (*lose)(void *cls, uint64_t weight);
  /* Releases an item. Any thread. */
  void (*release)(void *cls, struct tel_item *item);
  /* Each of these may be NULL. forget: another process counts that weight. tend: whenever the worker has been
   * woken, before it takes items. stop: from now on process() ends by this deadline. end: the last that is
   * called on the worker's thread. */
  void (*forget)(void *cls, uint64_t weight);
  void (*tend)(void *cls);
  void (*stop)(void *cls, uint64_t deadline_mono_ns);
  void (*end)(void *cls);
};

struct tel_pipeline;

/* work is static; system NULL: threads and clocks of the system, else it is taken over, also on failure. NULL
 * when out of memory. */
struct tel_pipeline *tel_pipeline_new(const struct tel_pipeline_settings *settings,
                                      const struct tel_pipeline_work *work, void *cls,
                                      const struct tel_pipeline_system *system);
/* Starts the worker in this process. Of what waits in several processes since a fork, each item is left to
 * one of them, and forgotten by the others. TEL_E_SYSTEM: no thread (errno). */
TEL_MUST_CHECK int tel_pipeline_start(struct tel_pipeline *pipeline);
bool tel_pipeline_started(const struct tel_pipeline *pipeline);
/* Whether the worker was started in another process, which this one is a fork of: then nothing may be freed.
 */
bool tel_pipeline_foreign(const struct tel_pipeline *pipeline);

/* Takes the item over. False: the queue is full, or foreign; the item is still the caller's. Any thread. */
bool tel_pipeline_push(struct tel_pipeline *pipeline, struct tel_item *item);
/* Weight that waits, without what is being processed. Any thread. */
size_t tel_pipeline_queued(const struct tel_pipeline *pipeline);
size_t tel_pipeline_capacity(const struct tel_pipeline *pipeline);

/* Waits until what was pushed before has been processed, and tend() was called. False: not by the deadline.
 */
bool tel_pipeline_flush(struct tel_pipeline *pipeline, uint64_t deadline_mono_ns);
/* Whether a stop has begun, and its deadline is over. Any thread. */
bool tel_pipeline_late(const struct tel_pipeline *pipeline);
bool tel_pipeline_stopping(const struct tel_pipeline *pipeline);

/* For those who share state with the callbacks. */
void tel_pipeline_lock(struct tel_pipeline *pipeline);
void tel_pipeline_unlock(struct tel_pipeline *pipeline);

/* Processes what waits until the deadline, loses the rest, ends the worker. False: it hangs. Then it is left
 * behind, and with it the pipeline, the items and all that process() uses must stay. */
bool tel_pipeline_stop(struct tel_pipeline *pipeline, uint64_t deadline_mono_ns);
/* After a stop that returned true. Takes NULL. */
void tel_pipeline_free(struct tel_pipeline *pipeline);

#endif
