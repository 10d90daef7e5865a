/* SPDX-License-Identifier: MIT */
#include "telemetry/traces/batch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "telemetry/traces/failure_report.h"
#include "telemetry/traces/span_packet.h"

enum { GRACE_MS = 200, DELAY_MIN_MS = 10, BATCH_BYTES = 8 * 1024 * 1024, PACKETS_MAX = 32768 };

struct tel_batch {
  struct tel_batch_settings settings;
  struct tel_pipeline *pipeline;
  struct tel_pool *packets;
  struct tel_span_counts *counts;
  struct tel_histogram *duration;
  struct tel_exporter exporter;
  struct tel_failure_report report;
  struct tel_pipeline_system system; /* only its clock is used here */
  /* For the worker: the batch that is being exported, and its result. */
  struct tel_wire *taken; /* room for one batch */
  size_t count;
  uint64_t ns;
  struct tel_export_result result;
};

static struct tel_packet *packet_of(struct tel_item *item) {
  return (struct tel_packet *)item; /* its first member */
}

static uint64_t now(const struct tel_batch *batch) {
  return batch->system.now_mono_ns ? batch->system.now_mono_ns(batch->system.cls) : clock_mono_ns();
}

static struct tel_item *process(void *cls, struct tel_item *first) {
  struct tel_batch *batch = cls;
  batch->count = 0;
  for (struct tel_item *item = first; item; item = item->next)
    batch->taken[batch->count++] = packet_of(item)->wire;
  uint64_t start = now(batch), deadline = UINT64_MAX;
  if (batch->settings.export_timeout_ms)
    deadline = start + batch->settings.export_timeout_ms * CLOCK_NS_PER_MS;
  batch->result = (struct tel_export_result){.reason = TEL_DROP_EXPORT_FAILED};
  batch->exporter.export(batch->exporter.cls, batch->taken, batch->count, deadline, &batch->result);
  batch->ns = now(batch) - start;
  return first;
}

/* Other parts own the histogram and the receiver of reports. They may free both after the worker was left
 * behind, and then this is not called. */
static void settle(void *cls) {
  struct tel_batch *batch = cls;
  struct tel_span_counts *counts = batch->counts;
  const struct tel_export_result *result = &batch->result;
  tel_histogram_observe(batch->duration, (double)batch->ns / CLOCK_NS_PER_S, NULL);
  size_t lost = batch->count - result->delivered - result->rejected;
  atomic_fetch_add_explicit(&counts->exported, result->delivered, memory_order_relaxed);
  if (result->rejected) tel_span_counts_drop(counts, TEL_DROP_REJECTED, result->rejected);
  if (lost) tel_span_counts_drop(counts, result->reason, lost);
  uint64_t dropped = tel_span_counts_dropped(counts);
  if (lost || result->rejected) {
    tel_failure_report_failed(&batch->report, now(batch), result->text, dropped);
  } else {
    tel_failure_report_worked(&batch->report, dropped);
    if (result->text[0]) tel_failure_report_note(&batch->report, result->text);
  }
}

static void lose(void *cls, uint64_t spans) {
  tel_span_counts_drop(((struct tel_batch *)cls)->counts, TEL_DROP_SHUTDOWN, spans);
}

static void release(void *cls, struct tel_item *item) {
  tel_packet_release(((struct tel_batch *)cls)->packets, packet_of(item));
}

/* Another process counts these spans. */
static void forget(void *cls, uint64_t spans) {
  atomic_fetch_sub_explicit(&((struct tel_batch *)cls)->counts->started, spans, memory_order_relaxed);
}

static void stop(void *cls, uint64_t deadline) {
  struct tel_batch *batch = cls;
  if (batch->exporter.stop) batch->exporter.stop(batch->exporter.cls, deadline);
}

static const struct tel_pipeline_work work = {
    .process = process, .settle = settle, .lose = lose, .release = release, .forget = forget, .stop = stop};

static void release_batch(struct tel_batch *batch) {
  tel_pipeline_free(batch->pipeline);
  tel_pool_free(batch->packets);
  free(batch->taken);
  free(batch);
}

struct tel_batch *tel_batch_new(const struct tel_batch_settings *settings,
                                const struct tel_tracing_events *events, struct tel_span_counts *counts,
                                const struct tel_pipeline_system *system) {
  struct tel_batch *batch = calloc(1, sizeof *batch);
  if (!batch) {
    if (system) system->free(system->cls);
    return NULL;
  }
  batch->settings = *settings;
  if (batch->settings.batch_size > batch->settings.queue_size)
    batch->settings.batch_size = batch->settings.queue_size;
  if (batch->settings.wake_size == 0 || batch->settings.wake_size > batch->settings.batch_size)
    batch->settings.wake_size = batch->settings.batch_size;
  /* A shorter delay would only make the thread poll an empty queue. */
  if (batch->settings.delay_ms < DELAY_MIN_MS) batch->settings.delay_ms = DELAY_MIN_MS;
  batch->counts = counts;
  if (events) batch->report.events = *events;
  if (system) batch->system = *system;
  const struct tel_pipeline_settings pipeline = {.name = "span-exporter",
                                                 .capacity = batch->settings.queue_size,
                                                 .batch = batch->settings.batch_size,
                                                 .batch_bytes = BATCH_BYTES,
                                                 .wake = batch->settings.wake_size,
                                                 .delay_ns = batch->settings.delay_ms * CLOCK_NS_PER_MS,
                                                 .grace_ns = GRACE_MS * CLOCK_NS_PER_MS};
  batch->pipeline = tel_pipeline_new(&pipeline, &work, batch, system);
  batch->taken = malloc(batch->settings.batch_size * sizeof *batch->taken);
  size_t packets = (size_t)batch->settings.queue_size + batch->settings.batch_size;
  batch->packets = tel_pool_new(packets < PACKETS_MAX ? packets : PACKETS_MAX, TEL_PACKET_SIZE);
  if (batch->pipeline && batch->taken && batch->packets) return batch;
  release_batch(batch);
  return NULL;
}

int tel_batch_push(struct tel_batch *batch, const struct tel_span *span) {
  struct tel_packet *packet = tel_packet_new(batch->packets, &span->wire);
  if (!packet) return TEL_E_MEMORY;
  if (tel_pipeline_push(batch->pipeline, &packet->item)) return TEL_OK;
  tel_packet_release(batch->packets, packet);
  return TEL_E_FULL;
}

bool tel_batch_foreign(const struct tel_batch *batch) {
  return tel_pipeline_foreign(batch->pipeline);
}

size_t tel_batch_queued(const struct tel_batch *batch) {
  return tel_pipeline_queued(batch->pipeline);
}

int tel_batch_start(struct tel_batch *batch, const struct tel_exporter *exporter,
                    struct tel_histogram *duration) {
  batch->exporter = *exporter;
  batch->duration = duration;
  return tel_pipeline_start(batch->pipeline);
}

bool tel_batch_flush(struct tel_batch *batch, uint64_t deadline_mono_ns) {
  uint64_t lost = tel_span_counts_dropped(batch->counts);
  return tel_pipeline_flush(batch->pipeline, deadline_mono_ns) &&
         tel_span_counts_dropped(batch->counts) == lost;
}

bool tel_batch_free(struct tel_batch *batch, uint64_t deadline_mono_ns) {
  if (!batch) return true;
  if (!tel_pipeline_stop(batch->pipeline, deadline_mono_ns)) return false;
  if (batch->exporter.free) batch->exporter.free(batch->exporter.cls);
  release_batch(batch);
  return true;
}
