/* SPDX-License-Identifier: MIT */
#include "telemetry/settings/otel_variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tel/log.h"
#include "telemetry/otlp/endpoint.h"
#include "telemetry/settings/keyvalues.h"
#include "telemetry/settings/otel_env.h"

const char *tel_getenv(void *cls, const char *name) {
  (void)cls;
  return getenv(name);
}

void tel_warn_log(void *logger, const char *text) {
  tel_log_event(logger, TEL_WARN, "configuration warning", "%s", text);
}

static const struct tel_row *row_at(size_t i) {
  if (i < tel_rows_traces_count) return &tel_rows_traces[i];
  i -= tel_rows_traces_count;
  return i < tel_rows_otlp_count ? &tel_rows_otlp[i] : NULL;
}

const struct tel_variable *tel_variable_at(size_t i) {
  const struct tel_row *row = row_at(i);
  return row ? &row->variable : NULL;
}

/* Variables of the specification that this program does not use. */
static const struct unused {
  const char *names;  /* separated by blanks */
  const char *silent; /* values that need no warning, because they match the behaviour; separated by blanks */
  const char *advice;
} unused[] = {
    {"OTEL_LOG_LEVEL", "", "the telemetry's own messages are in the program's log, at the program's level"},
    {"OTEL_METRICS_EXEMPLAR_FILTER", "trace_based",
     "exemplars come from sampled traces (trace_based); without traces there are none"},
    {"OTEL_METRICS_EXPORTER", "prometheus none",
     "metrics are not pushed: let Prometheus scrape the program's /metrics"},
    {"OTEL_METRIC_EXPORT_INTERVAL OTEL_METRIC_EXPORT_TIMEOUT "
     "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE "
     "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION OTEL_EXPORTER_OTLP_METRICS_ENDPOINT "
     "OTEL_EXPORTER_OTLP_METRICS_HEADERS OTEL_EXPORTER_OTLP_METRICS_TIMEOUT "
     "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION OTEL_EXPORTER_OTLP_METRICS_PROTOCOL "
     "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY "
     "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE OTEL_EXPORTER_OTLP_METRICS_INSECURE "
     "OTEL_EXPORTER_OTLP_METRIC_INSECURE",
     "", "metrics are not pushed: let Prometheus scrape the program's /metrics"},
    {"OTEL_EXPORTER_PROMETHEUS_HOST OTEL_EXPORTER_PROMETHEUS_PORT", "",
     "/metrics is served at the program's own address"},
    {"OTEL_LOGS_EXPORTER", "console none",
     "log lines are written by the program and not pushed: let a collector read them"},
    {"OTEL_BLRP_SCHEDULE_DELAY OTEL_BLRP_EXPORT_TIMEOUT OTEL_BLRP_MAX_QUEUE_SIZE "
     "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT "
     "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT OTEL_EXPORTER_OTLP_LOGS_ENDPOINT "
     "OTEL_EXPORTER_OTLP_LOGS_HEADERS OTEL_EXPORTER_OTLP_LOGS_TIMEOUT OTEL_EXPORTER_OTLP_LOGS_COMPRESSION "
     "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE "
     "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE "
     "OTEL_EXPORTER_OTLP_LOGS_INSECURE",
     "", "log lines are written by the program and not pushed: let a collector read them"},
    {"OTEL_EXPORTER_OTLP_INSECURE OTEL_EXPORTER_OTLP_TRACES_INSECURE OTEL_EXPORTER_OTLP_SPAN_INSECURE", "",
     "it is for gRPC only: the endpoint's http or https decides"},
    {"OTEL_EXPORTER_ZIPKIN_ENDPOINT OTEL_EXPORTER_ZIPKIN_TIMEOUT OTEL_EXPORTER_ZIPKIN_PROTOCOL "
     "OTEL_EXPORTER_JAEGER_ENDPOINT OTEL_EXPORTER_JAEGER_TIMEOUT OTEL_EXPORTER_JAEGER_PROTOCOL "
     "OTEL_EXPORTER_JAEGER_AGENT_HOST OTEL_EXPORTER_JAEGER_AGENT_PORT OTEL_EXPORTER_JAEGER_USER "
     "OTEL_EXPORTER_JAEGER_PASSWORD",
     "", "spans are sent as OTLP: set OTEL_EXPORTER_OTLP_ENDPOINT"},
    {"OTEL_CONFIG_FILE OTEL_EXPERIMENTAL_CONFIG_FILE", "",
     "configuration files of OpenTelemetry are not read: set the OTEL_* variables"},
    {"OTEL_ENTITIES", "", "set OTEL_RESOURCE_ATTRIBUTES"},
    {"OTEL_SEMCONV_STABILITY_OPT_IN", "http", "spans follow the stable conventions for HTTP"},
    {"OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "",
     "the known methods are those of RFC 9110 and PATCH; others are _OTHER"},
};

static bool is_word_of(const char *words, const char *text, size_t len) {
  for (const char *at = words; *at; at += strspn(at, " ")) {
    size_t size = strcspn(at, " ");
    if (size == len && text_same_start(at, text, len)) return true;
    at += size;
  }
  return false;
}

static void warn_unused(struct tel_env *env) {
  for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
    for (const char *at = unused[i].names; *at; at += strspn(at, " ")) {
      char name[64];
      size_t len = strcspn(at, " ");
      snprintf(name, sizeof name, "%.*s", (int)len, at);
      at += len;
      const char *text = tel_env_get(env, name);
      const struct tel_row row = {.variable = {.name = name}};
      if (text && !is_word_of(unused[i].silent, text, strlen(text)))
        tel_env_say(env, &row, "has no effect; %s", unused[i].advice);
    }
}

const char *tel_variable_similar(const char *name, size_t len) {
  static const char php[] = "OTEL_PHP"; /* PHP has its own variables with similar names */
  const char *best = NULL;
  size_t distance = TEXT_DISTANCE_MAX;
  for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
    if (is_word_of(unused[i].names, name, len)) return NULL;
  if (strncmp(name, php, sizeof php - 1) == 0) return NULL;
  for (size_t i = 0; row_at(i); i++) {
    const char *known = row_at(i)->variable.name;
    if (strlen(known) == len && memcmp(name, known, len) == 0) return NULL;
    text_similar(name, len, known, &best, &distance);
  }
  return best;
}

/* The specification requires a batch to be no larger than the queue. */
static void fit_batch(struct tel_env *env, struct tel_tracing_settings *settings) {
  static const struct tel_row batch = {.variable = {.name = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"}};
  if (settings->batch_size <= settings->queue_size) return;
  if (tel_env_get(env, batch.variable.name))
    tel_env_say(env, &batch,
                "larger than the queue (OTEL_BSP_MAX_QUEUE_SIZE); the queue's %u is used instead",
                settings->queue_size);
  settings->batch_size = settings->queue_size;
}

static enum tel_variable_state read_row(struct tel_env *env, const struct tel_row *row,
                                        struct tel_tracing_settings *settings) {
  const char *text = tel_env_get(env, row->variable.name);
  if (!text) return TEL_VARIABLE_UNSET;
  return row->read(env, row, text, settings) ? TEL_VARIABLE_TAKEN : TEL_VARIABLE_IGNORED;
}

void tel_tracing_settings_environment(struct tel_tracing_settings *settings, tel_getenv_fn *get,
                                      void *get_cls, tel_warn_fn *warn, void *warn_cls) {
  struct tel_env env = {.get = get, .get_cls = get_cls, .warn = warn, .warn_cls = warn_cls};
  for (size_t i = 0; row_at(i); i++) read_row(&env, row_at(i), settings);
  fit_batch(&env, settings);
  warn_unused(&env);
}

struct hidden {
  char *to;
  size_t size;
};

static const char *hide_value(void *cls, const char *key, const char *value) {
  struct hidden *hidden = cls;
  char shown[TEXT_SHOWN_SIZE];
  (void)value;
  int len = snprintf(hidden->to, hidden->size, "%s=(hidden) ", text_show(key, strlen(key), shown));
  size_t used = len < 0 || (size_t)len >= hidden->size ? 0 : (size_t)len;
  hidden->to += used;
  hidden->size -= used;
  return NULL;
}

/* Writes the effective value of a variable. */
static void show_value(struct tel_env *env, const struct tel_row *row,
                       const struct tel_tracing_settings *settings, char out[TEL_ENDPOINT_SHOWN_SIZE]) {
  char shown[TEXT_SHOWN_SIZE];
  const char *text = tel_env_get(env, row->variable.name), *field = (const char *)settings + row->offset;
  out[0] = '\0';
  if (row->offset == TEL_ROW_FIELD(headers))
    tel_keyvalues_read(field, hide_value, NULL, &(struct hidden){out, TEL_ENDPOINT_SHOWN_SIZE});
  else if (row->offset == TEL_ROW_FIELD(endpoint))
    tel_endpoint_show(text ? text : "", out);
  else
    snprintf(out, TEL_ENDPOINT_SHOWN_SIZE, "%s", text_show(text ? text : "", text ? strlen(text) : 0, shown));
}

int tel_variables_show(tel_getenv_fn *get, void *get_cls, tel_variable_fn *show, void *cls) {
  struct tel_env env = {.get = get, .get_cls = get_cls};
  struct tel_tracing_settings *settings = malloc(sizeof *settings);
  if (!settings) return TEL_E_MEMORY;
  tel_tracing_settings_init(settings);
  for (size_t i = 0; row_at(i); i++) {
    const struct tel_row *row = row_at(i);
    char value[TEL_ENDPOINT_SHOWN_SIZE] = "";
    enum tel_variable_state state = read_row(&env, row, settings);
    if (state == TEL_VARIABLE_TAKEN) show_value(&env, row, settings, value);
    show(cls, &row->variable, state, value);
  }
  free(settings);
  return TEL_OK;
}
