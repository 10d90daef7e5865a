/* SPDX-License-Identifier: MIT */
/* The pipeline of ended spans, with the rules of OpenTelemetry's batch span processor. It exports when the
 * delay has passed, when wake_size spans are queued, on a flush, and at the stop. A full queue refuses spans;
 * a push never waits. */
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

/* The result of an export. Spans that are neither delivered nor rejected are lost, for the given reason. */
struct tel_export_result {
  size_t delivered, rejected;
  enum tel_drop reason;
  char text[512]; /* for people: the error, or a message of the collector; or "" */
};

/* Sends spans. Only the batch's thread calls these functions, except stop. After stop, export also obeys that
 * deadline and skips optional waits. The spans still belong to the batch. */
struct tel_exporter {
  void (*export)(void *cls, const struct tel_wire *spans, size_t count, uint64_t deadline_mono_ns,
                 struct tel_export_result *result);
  void (*stop)(void *cls, uint64_t deadline_mono_ns); /* any thread; or NULL */
  void (*free)(void *cls);                            /* or NULL */
  void *cls;
};

struct tel_batch_settings {
  uint32_t queue_size, batch_size;      /* at least 1; a batch is at most as large as the queue */
  uint32_t delay_ms, export_timeout_ms; /* timeout 0: none */
  uint32_t wake_size;                   /* spans that wake the exporter before the delay; 0: a batch */
};

/* counts is borrowed. system: as for tel_pipeline_new(). NULL when out of memory. */
struct tel_batch *tel_batch_new(const struct tel_batch_settings *settings,
                                const struct tel_tracing_events *events, struct tel_span_counts *counts,
                                const struct tel_pipeline_system *system);
/* Takes ownership of the exporter, also on failure, and frees it with the batch. duration (seconds of each
 * export, or NULL) is borrowed. TEL_E_SYSTEM: cannot create a thread. */
TEL_MUST_CHECK int tel_batch_start(struct tel_batch *batch, const struct tel_exporter *exporter,
                                   struct tel_histogram *duration);

/* Copies the encoded span of a sealed span. TEL_E_FULL: the queue is full, or its exporter runs in another
 * process; TEL_E_MEMORY. Any thread. Takes a lock only to wake the exporter, once per batch. */
TEL_MUST_CHECK int tel_batch_push(struct tel_batch *batch, const struct tel_span *span);
/* Whether an ancestor of this process started the batch: then it must not be freed. */
bool tel_batch_foreign(const struct tel_batch *batch);
/* Queued spans, without those that are being exported. Any thread. */
size_t tel_batch_queued(const struct tel_batch *batch);

/* Waits until all spans pushed before are exported. Returns false at the deadline, or if some were lost. */
bool tel_batch_flush(struct tel_batch *batch, uint64_t deadline_mono_ns);
/* Exports queued spans until the deadline, drops the rest, ends the thread and frees. Returns false if the
 * thread does not end in time: then the thread, the batch, counts, exporter and spans stay and must not be
 * freed. duration and the receiver of events may be freed: the thread no longer uses them. */
bool tel_batch_free(struct tel_batch *batch, uint64_t deadline_mono_ns);

#endif
