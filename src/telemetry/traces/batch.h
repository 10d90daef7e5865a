/* SPDX-License-Identifier: MIT */
/* The pipeline of ended spans: rules of OpenTelemetry's batch span processor. Export when the delay has
 * passed, when a batch is full, or on flush; a full queue refuses, nothing ever waits. Internal to
 * src/telemetry. */
#ifndef TELEMETRY_TRACES_BATCH_H
#define TELEMETRY_TRACES_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tel/error.h"
#include "telemetry/core/pipeline.h"
#include "telemetry/traces/span_counts.h"
#include "telemetry/traces/tracing.h"

struct tel_span;
struct tel_wire;
struct tel_batch;

/* How an export ended: delivered + rejected + the rest, which is lost for the reason, is all that was given.
 */
struct tel_export_result {
  size_t delivered, rejected;
  enum tel_drop reason;
  char text[512]; /* for people: what went wrong, or what the collector had to say; "" for nothing */
};

/* Who sends. All but stop are called by the batch's thread only; after stop, export obeys that deadline too
 * and waits for nothing that it need not wait for. The spans remain the batch's. */
struct tel_exporter {
  void (*export)(void *cls, const struct tel_wire *spans, size_t count, uint64_t deadline_mono_ns,
                 struct tel_export_result *result);
  void (*stop)(void *cls, uint64_t deadline_mono_ns); /* any thread; or NULL */
  void (*free)(void *cls);                            /* or NULL */
  void *cls;
};

struct tel_batch_settings {
  uint32_t queue_size, batch_size;      /* at least 1; a batch larger than the queue becomes as large as it */
  uint32_t delay_ms, export_timeout_ms; /* timeout 0: none */
  uint32_t wake_size;                   /* spans that wake the exporter before the delay; 0: a batch */
};

/* counts and duration (seconds of each export, or NULL) are borrowed. NULL when out of memory. */
struct tel_batch *tel_batch_new(const struct tel_batch_settings *settings,
                                const struct tel_tracing_events *events, struct tel_span_counts *counts);
/* The same with threads and a clock of a test's own; taken over, also on failure. */
struct tel_batch *tel_batch_new_on(const struct tel_batch_settings *settings,
                                   const struct tel_tracing_events *events, struct tel_span_counts *counts,
                                   const struct tel_pipeline_system *system);
/* The exporter is taken over, and freed with the batch, also on failure. TEL_E_SYSTEM: no thread. */
TEL_MUST_CHECK int tel_batch_start(struct tel_batch *batch, const struct tel_exporter *exporter,
                                   struct tel_histogram *duration);

/* Takes a copy of what the sealed span is on the wire. TEL_E_FULL: the queue is full, or its exporter is in
 * another process; TEL_E_MEMORY. Any thread; takes a lock only to wake the exporter, once a batch. */
TEL_MUST_CHECK int tel_batch_push(struct tel_batch *batch, const struct tel_span *span);
/* Whether it was started in another process, which this one is a fork of: then it must not be freed. */
bool tel_batch_foreign(const struct tel_batch *batch);
/* Spans that wait, without those that are being exported; and how many may. Any thread. */
size_t tel_batch_queued(const struct tel_batch *batch);

/* Waits until what was pushed before has been exported. False: not by the deadline, or not all delivered. */
bool tel_batch_flush(struct tel_batch *batch, uint64_t deadline_mono_ns);
/* Exports what is queued until the deadline, drops the rest, ends the thread and frees. False if the thread
 * could not be ended in time: then it, the batch, counts, exporter and spans are left as they are, and must
 * remain. duration and the receiver of events may go: that thread does not touch them any more. */
bool tel_batch_free(struct tel_batch *batch, uint64_t deadline_mono_ns);

#endif
