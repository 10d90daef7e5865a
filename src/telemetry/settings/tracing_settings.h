/* SPDX-License-Identifier: MIT */
/* The settings of a process's tracing, with the defaults of OpenTelemetry, and the OTEL_* variables that
 * change them. */
#ifndef TELEMETRY_SETTINGS_TRACING_SETTINGS_H
#define TELEMETRY_SETTINGS_TRACING_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "tel/error.h"

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
 * https URL, has a query or fragment, or is too long; TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_tracing_settings_endpoint(struct tel_tracing_settings *settings, const char *base);
/* Applies the OTEL_* variables to the settings. Empty means unset; bad values are reported and ignored. */
void tel_tracing_settings_environment(struct tel_tracing_settings *settings, tel_getenv_fn *env,
                                      void *env_cls, tel_warn_fn *warn, void *warn_cls);

#endif
