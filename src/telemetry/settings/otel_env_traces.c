/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/digits.h"
#include "base/text.h"
#include "telemetry/settings/keyvalues.h"
#include "telemetry/settings/otel_env.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

enum { SERVICE_NAME_SIZE = sizeof((struct tel_tracing_settings *)0)->service_name };

/* Reads the next trimmed member of a list. Returns false after the last. */
static bool next_member(const char **list, const char **member, size_t *len) {
  while (**list) {
    size_t size = strcspn(*list, ",");
    *len = text_trim(*list, size, member);
    *list += size + ((*list)[size] == ',');
    if (*len) return true;
  }
  return false;
}

/* The specification allows a list. Only one exporter is used: the first known one. */
static bool read_exporter(struct tel_env *env, const struct tel_row *row, const char *text,
                          struct tel_tracing_settings *settings) {
  static const char *const words[] = {"otlp", "console", "none"};
  static const enum tel_trace_exporter meaning[] = {TEL_EXPORTER_OTLP, TEL_EXPORTER_CONSOLE,
                                                    TEL_EXPORTER_NONE};
  const char *list = text, *member;
  char shown[TEXT_SHOWN_SIZE];
  int chosen = -1, members = 0, word;
  for (size_t len; next_member(&list, &member, &len); members++) {
    word = tel_env_word(member, len, words, COUNT(words));
    if (chosen < 0) chosen = word;
  }
  if (chosen < 0) return tel_env_refuse(env, row, text);
  if (members > 1)
    tel_env_say(env, row, "'%s' is a list, and one exporter is used (%s): %s",
                text_show(text, strlen(text), shown), row->variable.takes, words[chosen]);
  settings->exporter = meaning[chosen];
  return true;
}

static bool read_disabled(struct tel_env *env, const struct tel_row *row, const char *text,
                          struct tel_tracing_settings *settings) {
  bool disabled = text_same(text, "true");
  if (!disabled && !text_same(text, "false")) return tel_env_refuse(env, row, text);
  if (disabled) {
    settings->exporter = TEL_EXPORTER_NONE;
    settings->recent_bytes = 0;
  }
  return true;
}

/* The value is a list. baggage is known but has no effect. */
static bool read_propagators(struct tel_env *env, const struct tel_row *row, const char *text,
                             struct tel_tracing_settings *settings) {
  static const char *const words[] = {"tracecontext", "baggage", "none"};
  bool found[COUNT(words)] = {false};
  const char *list = text, *member;
  char shown[TEXT_SHOWN_SIZE];
  size_t len;
  while (next_member(&list, &member, &len)) {
    int word = tel_env_word(member, len, words, COUNT(words));
    if (word >= 0) found[word] = true;
  }
  if (!found[0] && !found[1] && !found[2]) return tel_env_refuse(env, row, text);
  for (list = text; next_member(&list, &member, &len);)
    if (tel_env_word(member, len, words, COUNT(words)) < 0)
      tel_env_say(env, row, "unknown propagator '%s' (%s) is left out; the others are kept",
                  text_show(member, len, shown), row->variable.takes);
  settings->propagate = found[0] && !found[2];
  return true;
}

static bool read_sampler(struct tel_env *env, const struct tel_row *row, const char *text,
                         struct tel_tracing_settings *settings) {
  static const char *const words[] = {"always_on",
                                      "always_off",
                                      "traceidratio",
                                      "parentbased_always_on",
                                      "parentbased_always_off",
                                      "parentbased_traceidratio"};
  static const enum tel_sampler meaning[] = {TEL_SAMPLER_ALWAYS_ON, TEL_SAMPLER_ALWAYS_OFF,
                                             TEL_SAMPLER_RATIO};
  int word = tel_env_word(text, strlen(text), words, COUNT(words));
  if (word < 0) return tel_env_refuse(env, row, text);
  settings->sampler = meaning[word % 3];
  settings->parent_based = word >= 3;
  return true;
}

static bool read_ratio(struct tel_env *env, const struct tel_row *row, const char *text,
                       struct tel_tracing_settings *settings) {
  if (settings->sampler != TEL_SAMPLER_RATIO) {
    tel_env_say(env, row,
                "has no effect: it is for OTEL_TRACES_SAMPLER=traceidratio and parentbased_traceidratio");
    return false;
  }
  /* A decimal number, as in the specification: no hexadecimal and no "nan". */
  char *end = NULL;
  double ratio = text[strspn(text, "0123456789.eE-")] == '\0' ? digits_read_double(text, &end) : -1;
  if (!end || end == text || *end || !(ratio >= 0 && ratio <= 1)) return tel_env_refuse(env, row, text);
  settings->ratio = ratio;
  return true;
}

/* The limit applies to spans, events and links. */
static bool read_attribute_limit(struct tel_env *env, const struct tel_row *row, const char *text,
                                 struct tel_tracing_settings *settings) {
  if (!tel_env_number(env, row, text, settings)) return false;
  settings->event_attribute_limit = settings->link_attribute_limit = settings->attribute_limit;
  return true;
}

static const char *take_service_name(void *cls, const char *key, const char *value) {
  struct tel_tracing_settings *settings = cls;
  if (strcmp(key, "service.name") == 0 && *value)
    snprintf(settings->service_name, sizeof settings->service_name, "%s", value);
  return NULL;
}

/* Refuses what the resource would not show, so that the person who sets it learns why. */
static const char *check_resource(const char *key, const char *value) {
  /* The attributes that tel_resource_new() sets after these pairs, except for service.name. */
  static const char *const own[] = {"service.version",        "service.instance.id",   "telemetry.sdk.name",
                                    "telemetry.sdk.language", "telemetry.sdk.version", "process.pid",
                                    "process.executable.name"};
  for (int i = 0; i < COUNT(own); i++)
    if (strcmp(key, own[i]) == 0) return "the program sets this attribute itself";
  if (strcmp(key, "service.name") == 0 && strlen(value) >= SERVICE_NAME_SIZE)
    return "its value is longer than 255 bytes";
  return NULL;
}

static bool read_resource(struct tel_env *env, const struct tel_row *row, const char *text,
                          struct tel_tracing_settings *settings) {
  if (!tel_env_pairs(env, row, text, settings, check_resource)) return false;
  tel_keyvalues_read(settings->resource, take_service_name, NULL, settings);
  return true;
}

#define NUMBER(read, name, fallback, field, least, most, help)                                               \
  {                                                                                                          \
    {name, "a whole number from " #least " to " #most, fallback, help}, read, TEL_ROW_FIELD(field), 0,       \
        least, most                                                                                          \
  }
#define ANY_NUMBER(name, fallback, field, help)                                                              \
  NUMBER(tel_env_number, name, fallback, field, 0, 4294967295, help)
#define ROW(read, ...)                                                                                       \
  { {__VA_ARGS__}, read, 0, 0, 0, 0 }

const struct tel_row tel_rows_traces[] = {
    ROW(read_exporter, "OTEL_TRACES_EXPORTER", "one of: otlp, console, none", "otlp",
        "where spans go: to a collector, to standard output as JSON lines, nowhere"),
    ROW(read_disabled, "OTEL_SDK_DISABLED", "one of: true, false", "false",
        "true: spans are neither exported nor kept"),
    ROW(read_propagators, "OTEL_PROPAGATORS", "a list of: tracecontext, baggage, none",
        "tracecontext,baggage",
        "with tracecontext, the caller's trace is continued; without it each request starts a trace; baggage "
        "is accepted and unused"),
    ROW(read_sampler, "OTEL_TRACES_SAMPLER",
        "one of: always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, "
        "parentbased_traceidratio",
        "parentbased_always_on",
        "which traces are recorded; parentbased: the caller's decision has precedence"),
    ROW(read_ratio, "OTEL_TRACES_SAMPLER_ARG", "a number from 0 to 1", "1",
        "share of traces that a ratio sampler records"),
    ANY_NUMBER("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "no limit", value_limit,
               "characters of an attribute's value; longer values are cut"),
    NUMBER(read_attribute_limit, "OTEL_ATTRIBUTE_COUNT_LIMIT", "128", attribute_limit, 0, 4294967295,
           "attributes of a span, an event, a link; further ones are dropped and counted in the span"),
    ANY_NUMBER("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", value_limit,
               "the same for spans, with precedence"),
    ANY_NUMBER("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT", attribute_limit,
               "attributes of a span"),
    ANY_NUMBER("OTEL_SPAN_EVENT_COUNT_LIMIT", "128", event_limit, "events of a span"),
    ANY_NUMBER("OTEL_SPAN_LINK_COUNT_LIMIT", "128", link_limit, "links of a span"),
    ANY_NUMBER("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT", event_attribute_limit,
               "attributes of an event"),
    ANY_NUMBER("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT", link_attribute_limit,
               "attributes of a link"),
    ANY_NUMBER("OTEL_BSP_SCHEDULE_DELAY", "5000", schedule_delay_ms,
               "milliseconds between two exports; 512 spans, or a full batch, are exported at once"),
    ANY_NUMBER(
        "OTEL_BSP_EXPORT_TIMEOUT", "30000", export_timeout_ms,
        "milliseconds for an export; the shorter of this and OTEL_EXPORTER_OTLP_TIMEOUT counts; 0: no limit"),
    NUMBER(
        tel_env_number, "OTEL_BSP_MAX_QUEUE_SIZE", "16384", queue_size, 1, 1048576,
        "ended spans that may wait; further ones are dropped (queue_full); OpenTelemetry's default is 2048"),
    NUMBER(tel_env_number, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
           "8192, or OTEL_BSP_MAX_QUEUE_SIZE if that is less", batch_size, 1, 1048576,
           "maximum number of spans in a request; OpenTelemetry's default is 512"),
    {{"OTEL_RESOURCE_ATTRIBUTES", "key=value,key=value, percent-encoded", "none",
      "attributes of the resource; they replace those that are detected (host, container)"},
     read_resource,
     TEL_ROW_TEXT(resource)},
    {{"OTEL_SERVICE_NAME", "a text of at most 255 bytes",
      "service.name of OTEL_RESOURCE_ATTRIBUTES, or the program's name", "the resource's service.name"},
     tel_env_text,
     TEL_ROW_TEXT(service_name)},
};
const size_t tel_rows_traces_count = sizeof tel_rows_traces / sizeof *tel_rows_traces;
