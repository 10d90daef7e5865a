/* SPDX-License-Identifier: MIT */
/* Assembles the tracing of a process: settings, sampler, span pool, batch queue, exporter thread, OTLP over
 * HTTP. Follows the OpenTelemetry SDK and OTLP specifications, with their environment variables and defaults.
 */
#ifndef TELEMETRY_TRACES_TRACING_H
#define TELEMETRY_TRACES_TRACING_H

#include <stdbool.h>
#include <stdint.h>

#include "tel/error.h"
#include "tel/metrics.h"
#include "tel/trace.h"
#include "telemetry/recent/recent.h"
#include "telemetry/settings/tracing_settings.h"

struct tel_tracing;

/* Reports of the exporter, at a limited rate, on the exporter's thread. FAILED: spans were lost. RECOVERED:
 * after a failure, spans are exported again. WARNING: the collector accepted all spans, but sent a message.
 * report must not block or call tracing, because a lock is held. */
enum tel_report { TEL_REPORT_FAILED, TEL_REPORT_RECOVERED, TEL_REPORT_WARNING };
struct tel_tracing_events {
  void (*report)(void *cls, enum tel_report what, const char *text);
  void *cls;
};
/* A report that logs the text. */
void tel_report_log(void *logger, enum tel_report what, const char *text);

/* Copies everything. service_version and instance_id (at most 63 bytes) go into the resource. registry: for
 * the telemetry_span* metrics, or NULL. Call curl_global_init() first. Starts no thread: tel_tracing_start()
 * starts the exporter, so the process may fork in between. TEL_E_MEMORY, TEL_E_VALUE (recent_bytes is neither
 * 0 nor at least TEL_RECENT_BYTES_MIN, ...), or an error of the registration: then the registry must not be
 * scraped. */
TEL_MUST_CHECK int tel_tracing_new(const struct tel_tracing_settings *settings, const char *service_version,
                                   const char *instance_id, const struct tel_tracing_events *events,
                                   struct tel_registry *registry, struct tel_tracing **out);
/* Starts the exporter, if one is configured, and completes the resource with data of the system.
 * TEL_E_MEMORY, TEL_E_SYSTEM (cannot create a thread), TEL_E_VALUE (headers, or files that libcurl refuses).
 * Spans can be used before this call and without it. */
TEL_MUST_CHECK int tel_tracing_start(struct tel_tracing *tracing);
/* Changes the instance id of the resource, in a child of the process that made the tracing. Call it before
 * the start. */
void tel_tracing_rename(struct tel_tracing *tracing, const char *instance_id);
struct tel_tracer *tel_tracing_tracer(struct tel_tracing *tracing);
/* The store of recent traces, for its readers; NULL: none are kept. */
struct tel_recent *tel_tracing_recent(struct tel_tracing *tracing);
/* Exports all ended spans. Waits for the export until the deadline (clock_mono_ns()). Returns false if not
 * all were delivered. */
bool tel_tracing_flush(struct tel_tracing *tracing, uint64_t deadline_mono_ns);
/* Flushes until the deadline, stops the thread and frees. Returns how many spans were lost. A waiting retry
 * is sent at once, as the last try; a running request continues until the deadline. A thread that still hangs
 * a fifth of a second later is left behind (left_behind.h) with its memory, its transport and its share of
 * libcurl. It no longer uses registry and events, so both may be freed. Its spans count as lost. Accepts
 * NULL. No span may be in use any more. Do not scrape the registry from the start of this call on, because
 * its read functions read the tracing. */
uint64_t tel_tracing_free(struct tel_tracing *tracing, uint64_t deadline_mono_ns);

#endif
