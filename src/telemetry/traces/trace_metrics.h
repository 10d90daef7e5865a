/* SPDX-License-Identifier: MIT */
/* Metrics about the export of traces. */
#ifndef TELEMETRY_TRACES_TRACE_METRICS_H
#define TELEMETRY_TRACES_TRACE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "tel/error.h"
#include "tel/metrics.h"

struct tel_batch;
struct tel_span_counts;

/* Status codes with their own count; all others are "other", and no response is "error". */
#define TEL_EXPORT_CODES(X) X(200) X(400) X(401) X(403) X(404) X(413) X(429) X(500) X(502) X(503) X(504)

#define TEL_EXPORT_CODE_ENUM(code) TEL_EXPORT_##code,
enum tel_export_code {
  TEL_EXPORT_CODES(TEL_EXPORT_CODE_ENUM) TEL_EXPORT_OTHER,
  TEL_EXPORT_ERROR,
  TEL_EXPORT_COUNT
};
#undef TEL_EXPORT_CODE_ENUM

struct tel_trace_metrics {
  struct tel_span_counts *counts;
  const struct tel_batch *batch;
  struct tel_histogram *duration; /* the registry's, or NULL */
  /* These counters are not in the registry, because an exporter's thread that was left behind still uses them
   * after the registry was freed. */
  _Atomic uint64_t requests[TEL_EXPORT_COUNT];
};

/* Registers all metrics. Set counts and batch first, because scrapes then read them. Stop all
 * scrapes before tel_tracing_free(). Without a registry duration is NULL. Errors as for tel_counter_family().
 */
TEL_MUST_CHECK int tel_trace_metrics_register(struct tel_trace_metrics *metrics, size_t queue_capacity,
                                              struct tel_registry *registry);

/* Counts one request to the collector. status 0: no response. Accepts NULL. */
void tel_trace_metrics_request(struct tel_trace_metrics *metrics, int status);

#endif
