/* SPDX-License-Identifier: MIT */
#include "telemetry/traces/tracing.h"

#include <stdlib.h>
#include <string.h>

#include "telemetry/core/left_behind.h"
#include "telemetry/core/resource.h"
#include "telemetry/otlp/otlp_exporter.h"
#include "telemetry/recent/recent_store.h"
#include "telemetry/traces/batch.h"
#include "telemetry/traces/console.h"
#include "telemetry/traces/sampler.h"
#include "telemetry/traces/span.h"
#include "telemetry/traces/trace_metrics.h"

enum {
  OPEN_SPANS = 512, /* usual number of concurrently recorded spans */
  WAKE_SPANS = 512  /* queued spans that wake the exporter before its delay is over */
};

struct tel_tracing {
  struct tel_left_behind left; /* first */
  struct tel_tracer tracer;
  struct tel_span_counts counts;
  struct tel_trace_metrics metrics;
  struct tel_attributes *resource;
  char service_version[64], instance_id[64];
};

static int keep_text(char *to, size_t size, const char *text) {
  size_t len = text ? strlen(text) : 0;
  if (len >= size) return TEL_E_VALUE;
  if (len) memcpy(to, text, len);
  to[len] = '\0';
  return TEL_OK;
}

static void release(struct tel_tracing *tracing) {
  tel_resource_free(tracing->resource);
  tel_recent_free(tracing->tracer.recent);
  tel_pool_free(tracing->tracer.pool);
  free(tracing);
}

static int make_queue(struct tel_tracing *tracing, const struct tel_tracing_events *events) {
  const struct tel_tracing_settings *settings = &tracing->tracer.settings;
  const struct tel_batch_settings batch = {.queue_size = settings->queue_size,
                                           .batch_size = settings->batch_size,
                                           .delay_ms = settings->schedule_delay_ms,
                                           .export_timeout_ms = settings->export_timeout_ms,
                                           .wake_size = WAKE_SPANS};
  tracing->tracer.pool = tel_pool_new(OPEN_SPANS, sizeof(struct tel_span));
  tracing->tracer.batch = tel_batch_new(&batch, events, &tracing->counts, NULL);
  return tracing->tracer.pool && tracing->tracer.batch ? TEL_OK : TEL_E_MEMORY;
}

int tel_tracing_new(const struct tel_tracing_settings *settings, const char *service_version,
                    const char *instance_id, const struct tel_tracing_events *events,
                    struct tel_registry *registry, struct tel_tracing **out) {
  if (!(settings->ratio >= 0 && settings->ratio <= 1) || settings->queue_size == 0 ||
      settings->batch_size == 0)
    return TEL_E_VALUE;
  struct tel_tracing *tracing = aligned_alloc(64, (sizeof *tracing + 63) / 64 * 64);
  if (!tracing) return TEL_E_MEMORY;
  memset(tracing, 0, sizeof *tracing);
  struct tel_tracer *tracer = &tracing->tracer;
  tracer->settings = *settings;
  tracer->threshold = tel_sampler_threshold(settings->ratio);
  tracer->counts = &tracing->counts;
  int error = keep_text(tracing->service_version, sizeof tracing->service_version, service_version);
  if (!error) error = keep_text(tracing->instance_id, sizeof tracing->instance_id, instance_id);
  if (!error) error = make_queue(tracing, events);
  if (!error && settings->recent_bytes) error = tel_recent_new(settings->recent_bytes, &tracer->recent);
  if (!error) {
    /* Register last, because a registration cannot be undone. */
    tracing->metrics.counts = &tracing->counts;
    tracing->metrics.batch = tracer->batch;
    error = tel_trace_metrics_register(&tracing->metrics, settings->queue_size, registry);
    if (!error) error = tel_recent_register(tracer->recent, registry);
  }
  if (error) {
    tel_batch_free(tracer->batch, 0);
    release(tracing);
    return error;
  }
  *out = tracing;
  return TEL_OK;
}

int tel_tracing_start(struct tel_tracing *tracing) {
  const struct tel_tracing_settings *settings = &tracing->tracer.settings;
  struct tel_exporter exporter;
  int error = TEL_OK;
  if (settings->exporter == TEL_EXPORTER_NONE) return TEL_OK;
  /* tel_tracing_new() cannot do this, because the process may fork before the start and then has another
   * process id. */
  tracing->resource = tel_resource_new(settings, tracing->service_version, tracing->instance_id);
  if (!tracing->resource) return TEL_E_MEMORY;
  if (settings->exporter == TEL_EXPORTER_CONSOLE)
    error = tel_console_exporter_new(&exporter);
  else
    error = tel_otlp_exporter_new(settings, tracing->resource, &tracing->metrics, &exporter);
  return error ? error : tel_batch_start(tracing->tracer.batch, &exporter, tracing->metrics.duration);
}

void tel_tracing_rename(struct tel_tracing *tracing, const char *instance_id) {
  (void)keep_text(tracing->instance_id, sizeof tracing->instance_id, instance_id);
}

struct tel_tracer *tel_tracing_tracer(struct tel_tracing *tracing) {
  return &tracing->tracer;
}

struct tel_recent *tel_tracing_recent(struct tel_tracing *tracing) {
  return tracing->tracer.recent;
}

bool tel_tracing_flush(struct tel_tracing *tracing, uint64_t deadline_mono_ns) {
  return tel_batch_flush(tracing->tracer.batch, deadline_mono_ns);
}

uint64_t tel_tracing_free(struct tel_tracing *tracing, uint64_t deadline_mono_ns) {
  if (!tracing || tel_batch_foreign(tracing->tracer.batch)) return 0;
  uint64_t before = tel_span_counts_dropped(&tracing->counts);
  bool ended = tel_batch_free(tracing->tracer.batch, deadline_mono_ns);
  uint64_t lost = tel_span_counts_dropped(&tracing->counts) - before;
  if (ended)
    release(tracing);
  else
    tel_leave_behind(&tracing->left);
  return lost;
}
