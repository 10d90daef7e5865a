#include "telemetry/otel_variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "telemetry/endpoint.h"
#include "telemetry/keyvalues.h"
#include "telemetry/otel_env.h"

static const struct tel_row *row_at(size_t i) {
  if (i < tel_rows_traces_count) return &tel_rows_traces[i];
  i -= tel_rows_traces_count;
  return i < tel_rows_otlp_count ? &tel_rows_otlp[i] : NULL;
}

const struct tel_variable *tel_variable_at(size_t i) {
  const struct tel_row *row = row_at(i);
  return row ? &row->variable : NULL;
}

const char *tel_variable_similar(const char *name, size_t len) {
  /* Known elsewhere, and a letter or two away from what is known here. */
  static const char *const elsewhere[] = {"OTEL_LOG",  "OTEL_METRIC",
                                          "OTEL_BLRP", "OTEL_EXPORTER_OTLP_LOGS_",
                                          "OTEL_PHP",  "OTEL_EXPORTER_OTLP_METRICS_"};
  const char *best = NULL;
  size_t distance = TEXT_DISTANCE_MAX;
  for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
    if (strncmp(name, elsewhere[i], strlen(elsewhere[i])) == 0) return NULL;
  for (size_t i = 0; row_at(i); i++) {
    const char *known = row_at(i)->variable.name;
    if (strlen(known) == len && memcmp(name, known, len) == 0) return NULL;
    text_similar(name, len, known, &best, &distance);
  }
  return best;
}

/* The specification has a batch be no larger than the queue. */
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

/* What a taken variable came to. */
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

int tel_variables_show(tel_getenv_fn *get, void *get_cls, tel_variable_fn *each, void *cls) {
  struct tel_env env = {.get = get, .get_cls = get_cls};
  struct tel_tracing_settings *settings = malloc(sizeof *settings);
  if (!settings) return TEL_E_MEMORY;
  tel_tracing_settings_init(settings);
  for (size_t i = 0; row_at(i); i++) {
    const struct tel_row *row = row_at(i);
    char value[TEL_ENDPOINT_SHOWN_SIZE] = "";
    enum tel_variable_state state = read_row(&env, row, settings);
    if (state == TEL_VARIABLE_TAKEN) show_value(&env, row, settings, value);
    each(cls, &row->variable, state, value);
  }
  free(settings);
  return TEL_OK;
}
