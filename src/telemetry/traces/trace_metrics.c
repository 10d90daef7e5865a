/* SPDX-License-Identifier: MIT */
#include "telemetry/traces/trace_metrics.h"

#include "telemetry/traces/batch.h"
#include "telemetry/traces/span_counts.h"

static double load(const _Atomic uint64_t *count) {
  return (double)atomic_load_explicit(count, memory_order_relaxed);
}

static void read_count(void *count, struct tel_emit *emit) {
  tel_emit_value(emit, NULL, load(count));
}

static void read_dropped(void *cls, struct tel_emit *emit) {
#define TEXT(name, text) text,
  static const char *const reasons[] = {TEL_DROP_REASONS(TEXT)};
#undef TEXT
  const struct tel_trace_metrics *metrics = cls;
  for (int i = 0; i < TEL_DROP_COUNT; i++)
    tel_emit_value(emit, &reasons[i], load(&metrics->counts->dropped[i]));
}

static void read_queue_size(void *cls, struct tel_emit *emit) {
  const struct tel_trace_metrics *metrics = cls;
  tel_emit_value(emit, NULL, (double)tel_batch_queued(metrics->batch));
}

static void read_requests(void *cls, struct tel_emit *emit) {
#define TEXT(code) #code,
  static const char *const codes[] = {TEL_EXPORT_CODES(TEXT) "other", "error"};
#undef TEXT
  const struct tel_trace_metrics *metrics = cls;
  for (int i = 0; i < TEL_EXPORT_COUNT; i++) tel_emit_value(emit, &codes[i], load(&metrics->requests[i]));
}

int tel_trace_metrics_register(struct tel_trace_metrics *metrics, size_t queue_capacity,
                               struct tel_registry *registry) {
  struct tel_gauge *capacity = NULL;
  static const double buckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                   0.25,  0.5,    1,     2.5,  5,     10,   30};
  const struct tel_metric table[] = {
      {.type = TEL_METRIC_COUNTER,
       .name = "telemetry_spans_started_total",
       .help = "Recorded spans that were started.",
       .read = read_count,
       .cls = &metrics->counts->started},
      {.type = TEL_METRIC_COUNTER,
       .name = "telemetry_spans_exported_total",
       .help = "Spans that the collector accepted.",
       .read = read_count,
       .cls = &metrics->counts->exported},
      {.type = TEL_METRIC_COUNTER,
       .name = "telemetry_spans_dropped_total",
       .help = "Spans that were lost, by reason.",
       .labels = "reason",
       .read = read_dropped,
       .cls = metrics},
      {.type = TEL_METRIC_GAUGE,
       .name = "telemetry_span_queue_size",
       .help = "Ended spans in the queue.",
       .read = read_queue_size,
       .cls = metrics},
      {.type = TEL_METRIC_GAUGE,
       .name = "telemetry_span_queue_capacity",
       .help = "Maximum number of queued spans; more are dropped.",
       .gauge = &capacity},
      {.type = TEL_METRIC_COUNTER,
       .name = "telemetry_export_requests_total",
       .help = "Requests to the collector, including retries, by the response's status; error: no response.",
       .labels = "code",
       .read = read_requests,
       .cls = metrics},
      {.type = TEL_METRIC_HISTOGRAM,
       .name = "telemetry_span_export_duration_seconds",
       .help = "Time to export one batch of spans, with its retries.",
       .unit = "seconds",
       .buckets = buckets,
       .bucket_count = sizeof buckets / sizeof *buckets,
       .histogram = &metrics->duration},
  };
  int error = tel_registry_add(registry, table, sizeof table / sizeof *table);
  tel_gauge_set(capacity, (double)queue_capacity);
  return error;
}

void tel_trace_metrics_request(struct tel_trace_metrics *metrics, int status) {
#define CODE(code) code,
  static const int codes[] = {TEL_EXPORT_CODES(CODE)};
#undef CODE
  if (!metrics) return;
  int index = status ? TEL_EXPORT_OTHER : TEL_EXPORT_ERROR;
  for (int i = 0; i < TEL_EXPORT_OTHER; i++)
    if (codes[i] == status) index = i;
  atomic_fetch_add_explicit(&metrics->requests[index], 1, memory_order_relaxed);
}
