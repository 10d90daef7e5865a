#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "telemetry/keyvalues.h"
#include "telemetry/otel_env.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static void read_exporter(const struct tel_env *env, struct tel_tracing_settings *settings) {
  static const char *const words[] = {"otlp", "console", "none"};
  static const enum tel_trace_exporter meaning[] = {TEL_EXPORTER_OTLP, TEL_EXPORTER_CONSOLE,
                                                    TEL_EXPORTER_NONE};
  bool disabled = false;
  int word;
  if (tel_env_word(env, "OTEL_TRACES_EXPORTER", words, COUNT(words), &word))
    settings->exporter = meaning[word];
  if (!tel_env_bool(env, "OTEL_SDK_DISABLED", &disabled) || !disabled) return;
  settings->exporter = TEL_EXPORTER_NONE;
  settings->recent_bytes = 0;
}

/* A list; what is known and not ours (baggage) changes nothing. */
static void read_propagators(const struct tel_env *env, struct tel_tracing_settings *settings) {
  static const char name[] = "OTEL_PROPAGATORS", blanks[] = " \t,";
  const char *list = tel_env_get(env, name);
  if (!list) return;
  bool propagate = false, none = false;
  for (size_t len; *(list += strspn(list, blanks)); list += len) {
    len = strcspn(list, blanks);
    if (len == 12 && strncasecmp(list, "tracecontext", len) == 0)
      propagate = true;
    else if (len == 4 && strncasecmp(list, "none", len) == 0)
      none = true;
    else if (len != 7 || strncasecmp(list, "baggage", len) != 0) {
      tel_env_ignored(env, name, "only tracecontext, baggage and none are known here");
      return;
    }
  }
  settings->propagate = propagate && !none;
}

static void read_ratio(const struct tel_env *env, struct tel_tracing_settings *settings) {
  static const char name[] = "OTEL_TRACES_SAMPLER_ARG";
  const char *text = tel_env_get(env, name);
  settings->ratio = 1;
  if (!text) return;
  /* Decimal digits and a point, as the specification has it: no signs, no hexadecimal, no "nan". */
  char *end = NULL;
  double ratio = text[strspn(text, "0123456789.eE-")] == '\0' ? strtod(text, &end) : -1;
  if (!end || end == text || *end || !(ratio >= 0 && ratio <= 1)) {
    tel_env_ignored(env, name, "not a number from 0 to 1");
    return;
  }
  settings->ratio = ratio;
}

static void read_sampler(const struct tel_env *env, struct tel_tracing_settings *settings) {
  static const char *const words[] = {"always_on",
                                      "always_off",
                                      "traceidratio",
                                      "parentbased_always_on",
                                      "parentbased_always_off",
                                      "parentbased_traceidratio"};
  static const enum tel_sampler meaning[] = {TEL_SAMPLER_ALWAYS_ON, TEL_SAMPLER_ALWAYS_OFF,
                                             TEL_SAMPLER_RATIO};
  int word;
  if (!tel_env_word(env, "OTEL_TRACES_SAMPLER", words, COUNT(words), &word)) return;
  settings->sampler = meaning[word % 3];
  settings->parent_based = word >= 3;
  if (settings->sampler == TEL_SAMPLER_RATIO) read_ratio(env, settings);
}

static void read_limits(const struct tel_env *env, struct tel_tracing_settings *settings) {
  uint32_t limit;
  /* The general ones first: the specific ones win. */
  tel_env_number(env, "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", 0, &settings->value_limit);
  if (tel_env_number(env, "OTEL_ATTRIBUTE_COUNT_LIMIT", 0, &limit))
    settings->attribute_limit = settings->event_attribute_limit = settings->link_attribute_limit = limit;
  tel_env_number(env, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", 0, &settings->value_limit);
  tel_env_number(env, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", 0, &settings->attribute_limit);
  tel_env_number(env, "OTEL_SPAN_EVENT_COUNT_LIMIT", 0, &settings->event_limit);
  tel_env_number(env, "OTEL_SPAN_LINK_COUNT_LIMIT", 0, &settings->link_limit);
  tel_env_number(env, "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", 0, &settings->event_attribute_limit);
  tel_env_number(env, "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", 0, &settings->link_attribute_limit);
}

static void read_batch(const struct tel_env *env, struct tel_tracing_settings *settings) {
  tel_env_number(env, "OTEL_BSP_SCHEDULE_DELAY", 0, &settings->schedule_delay_ms);
  tel_env_number(env, "OTEL_BSP_EXPORT_TIMEOUT", 0, &settings->export_timeout_ms);
  tel_env_number(env, "OTEL_BSP_MAX_QUEUE_SIZE", 1, &settings->queue_size);
  tel_env_number(env, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, &settings->batch_size);
  if (settings->batch_size > settings->queue_size) settings->batch_size = settings->queue_size;
}

static bool take_service_name(void *cls, const char *key, const char *value) {
  struct tel_tracing_settings *settings = cls;
  if (strcmp(key, "service.name") == 0 && *value)
    snprintf(settings->service_name, sizeof settings->service_name, "%s", value);
  return true;
}

static void read_resource(const struct tel_env *env, struct tel_tracing_settings *settings) {
  static const char name[] = "OTEL_RESOURCE_ATTRIBUTES";
  const char *text = tel_env_get(env, name);
  if (text && !tel_keyvalues_read(text, NULL, NULL))
    tel_env_ignored(env, name, "not key=value,key=value with percent-encoded values");
  else if (tel_env_text(env, name, settings->resource, sizeof settings->resource))
    tel_keyvalues_read(settings->resource, take_service_name, settings);
  tel_env_text(env, "OTEL_SERVICE_NAME", settings->service_name, sizeof settings->service_name);
}

void tel_tracing_settings_environment(struct tel_tracing_settings *settings, tel_getenv_fn *get,
                                      void *get_cls, tel_warn_fn *warn, void *warn_cls) {
  const struct tel_env env = {get, get_cls, warn, warn_cls};
  read_exporter(&env, settings);
  read_propagators(&env, settings);
  read_sampler(&env, settings);
  read_limits(&env, settings);
  read_batch(&env, settings);
  read_resource(&env, settings);
  tel_env_otlp(&env, settings);
}
