/* SPDX-License-Identifier: MIT */
/* Assembles the tracing of a process: settings, sampler, span pool, batch queue, exporter thread, OTLP over
 * HTTP. Follows the OpenTelemetry SDK and OTLP specifications, with their environment variables and defaults.
 */
#ifndef TELEMETRY_TRACES_TRACING_H
#define TELEMETRY_TRACES_TRACING_H

#include <stdbool.h>
#include <stdint.h>

#include "tel/attributes.h"
#include "tel/error.h"
#include "tel/metrics.h"
#include "tel/trace.h"
#include "telemetry/recent/recent.h"

enum tel_sampler { TEL_SAMPLER_ALWAYS_ON, TEL_SAMPLER_ALWAYS_OFF, TEL_SAMPLER_RATIO };
enum tel_trace_exporter { TEL_EXPORTER_OTLP, TEL_EXPORTER_CONSOLE, TEL_EXPORTER_NONE };

struct tel_tracing_settings {
  enum tel_trace_exporter exporter;
  bool propagate; /* W3C Trace Context; false: incoming traceparents are ignored (OTEL_PROPAGATORS) */
  enum tel_sampler sampler;
  bool parent_based; /* a parent's sampling decision has precedence */
  double ratio;      /* TEL_SAMPLER_RATIO: 0 to 1 */
  uint32_t attribute_limit, event_limit, link_limit, value_limit; /* per span; value_limit in characters */
  uint32_t event_attribute_limit, link_attribute_limit;           /* per event, per link */
  uint32_t schedule_delay_ms, export_timeout_ms;
  uint32_t queue_size, batch_size; /* spans */
  char endpoint[1024];             /* whole URL of the traces endpoint */
  char headers[4096];              /* k=v,k=v as in the environment, still encoded, already checked */
  uint32_t timeout_ms;             /* one export with all its retries */
  bool gzip;
  char certificate[1024], client_key[1024], client_certificate[1024]; /* paths; "": none */
  uint64_t recent_bytes; /* memory for recent traces (recent.h); 0: none are kept */
  char service_name[256];
  char scope_name[64], scope_version[64]; /* the instrumentation scope of all spans */
  char resource[4096];                    /* OTEL_RESOURCE_ATTRIBUTES, still encoded, already checked */
};

/* Called with a text for each variable that is ignored, in whole or in part, or is probably a mistake. */
typedef void tel_warn_fn(void *cls, const char *text);
/* Like getenv(). */
typedef const char *tel_getenv_fn(void *cls, const char *name);
/* A tel_warn_fn that logs the text, and a tel_getenv_fn that calls getenv(). */
void tel_warn_log(void *logger, const char *text);
const char *tel_getenv(void *cls, const char *name);

/* The specification's defaults, except for a larger queue and batch. The caller replaces service_name and
 * scope. */
void tel_tracing_settings_init(struct tel_tracing_settings *settings);
/* Sets the endpoint from a base URL: appends v1/traces with exactly one slash. TEL_E_VALUE: not an http or
 * https URL, has a query or fragment, or is too long. */
TEL_MUST_CHECK int tel_tracing_settings_endpoint(struct tel_tracing_settings *settings, const char *base);
/* Applies the OTEL_* variables to the settings. Empty means unset; bad values are reported and ignored. */
void tel_tracing_settings_environment(struct tel_tracing_settings *settings, tel_getenv_fn *env,
                                      void *env_cls, tel_warn_fn *warn, void *warn_cls);

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
