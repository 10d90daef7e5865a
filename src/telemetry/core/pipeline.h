/* SPDX-License-Identifier: MIT */
/* Moves spans and log records from the threads that make them to the thread that exports them: a bounded
 * queue and one worker. Callbacks define the items and their processing.
 *
 * A push is a few atomic operations, and takes a lock only to wake the worker. A full queue refuses the item.
 * The worker takes all pushed items together, so a thread that is interrupted in a push delays no other
 * thread. The worker runs when enough items are queued, when the delay is over, on a flush, and at the stop.
 * The delay begins with its last run, or with the next item if that delay has passed.
 *
 * Each item is counted once: as processed or as lost. A stop keeps its deadline. A worker that hangs is left
 * behind with the pipeline. From then on it uses only the pipeline and the data of process(). */
#ifndef TELEMETRY_CORE_PIPELINE_H
#define TELEMETRY_CORE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tel/error.h"
#include "telemetry/core/pipeline_system.h"

/* The first member of an item. The code that makes the item sets bytes and weight. */
struct tel_item {
  struct tel_item *next;
  uint32_t bytes;
  uint32_t weight; /* how many spans or records it holds, at least 1 */
  unsigned ticket; /* see tel_fork_claim_ticket() */
};

struct tel_pipeline_settings {
  const char *name;          /* of the thread; static */
  size_t capacity;           /* maximum queued weight */
  size_t batch, batch_bytes; /* limits of one call of process(); a single item may exceed them */
  size_t wake;               /* queued weight that wakes the worker */
  uint64_t delay_ns;         /* how long fewer items than that may wait */
  uint64_t grace_ns;         /* how long a stop waits for the worker after its deadline */
  bool works_at_stop;        /* if no worker was started, start one at the stop */
};

struct tel_pipeline_work {
  /* Exports items, on the worker's thread. May block or hang. Returns the items that the pipeline must
   * release, linked as before. */
  struct tel_item *(*process)(void *cls, struct tel_item *first);
  /* Counts the results of process(). Under the pipeline's lock; never called for a worker that was left
   * behind. */
  void (*settle)(void *cls);
  /* Counts weight that was not processed before the deadline. Under the pipeline's lock. */
  void (*lose)(void *cls, uint64_t weight);
  /* Releases an item. Any thread. */
  void (*release)(void *cls, struct tel_item *item);
  /* Each of these may be NULL. forget: another process counts this weight. tend: called on the worker's
   * thread before it takes items. stop: from now on process() must return by this deadline. end: the last
   * call. */
  void (*forget)(void *cls, uint64_t weight);
  void (*tend)(void *cls);
  void (*stop)(void *cls, uint64_t deadline_mono_ns);
  void (*end)(void *cls);
};

struct tel_pipeline;

/* work must be static. system NULL: uses POSIX threads and the real clock; else takes ownership, also on
 * failure. Returns NULL when out of memory. */
struct tel_pipeline *tel_pipeline_new(const struct tel_pipeline_settings *settings,
                                      const struct tel_pipeline_work *work, void *cls,
                                      const struct tel_pipeline_system *system);
/* Starts the worker in this process. An item that was queued before a fork is processed by one process and
 * forgotten by the others. TEL_E_SYSTEM: cannot create a thread (errno); TEL_E_VALUE: already started. */
TEL_MUST_CHECK int tel_pipeline_start(struct tel_pipeline *pipeline);
bool tel_pipeline_started(const struct tel_pipeline *pipeline);
/* Whether an ancestor of this process started the worker: then nothing may be freed. */
bool tel_pipeline_foreign(const struct tel_pipeline *pipeline);

/* Takes ownership of the item. Returns false if the queue is full or foreign: the item is still the caller's.
 * Any thread. */
bool tel_pipeline_push(struct tel_pipeline *pipeline, struct tel_item *item);
/* Queued weight, without items that are being processed. Any thread. */
size_t tel_pipeline_queued(const struct tel_pipeline *pipeline);
size_t tel_pipeline_capacity(const struct tel_pipeline *pipeline);

/* Waits until all items pushed before were processed and tend() was called. Returns false at the deadline. */
bool tel_pipeline_flush(struct tel_pipeline *pipeline, uint64_t deadline_mono_ns);
/* Whether the deadline of a stop has passed. Any thread. */
bool tel_pipeline_late(const struct tel_pipeline *pipeline);
bool tel_pipeline_stopping(const struct tel_pipeline *pipeline);

/* For code that shares state with the callbacks. */
void tel_pipeline_lock(struct tel_pipeline *pipeline);
void tel_pipeline_unlock(struct tel_pipeline *pipeline);

/* Processes queued items until the deadline, loses the rest, and ends the worker. Returns false if the worker
 * hangs. It is then left behind, and the pipeline, the items and all data of process() must stay. */
bool tel_pipeline_stop(struct tel_pipeline *pipeline, uint64_t deadline_mono_ns);
/* Call it after a stop that returned true. Accepts NULL. */
void tel_pipeline_free(struct tel_pipeline *pipeline);

#endif
