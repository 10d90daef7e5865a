/* SPDX-License-Identifier: MIT */
/* Tracing as a whole through its interface, and its own metrics. */
#include "telemetry/traces/tracing.h"

#include <curl/curl.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "support/test.h"
#include "telemetry/metrics/exposition.h"
#include "telemetry/otlp/fake_collector.h"
#include "telemetry/traces/console.h"
#include "telemetry/traces/tracer_fixture.h"

static const uint64_t soon = 20 * CLOCK_NS_PER_S;
static struct tel_tracing_settings settings;
static struct tel_registry *registry;
static struct tel_tracing *tracing;

static void setup(void) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  tel_tracing_settings_init(&settings);
  settings.queue_size = 10;
  settings.batch_size = 10;
  settings.schedule_delay_ms = 3600 * 1000;
  registry = tel_registry_new(NULL);
}

static void make(void) {
  ck_assert_int_eq(tel_tracing_new(&settings, "1", "id", NULL, registry, &tracing), TEL_OK);
}

static void emit(int spans) {
  for (int i = 0; i < spans; i++)
    tel_span_end(tel_span_start(tel_tracing_tracer(tracing), "span", TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
}

/* The line of a scrape, beginning with its name, has this value. */
static void metric(const char *line_start, double expected) {
  struct buf out = BUF_INIT(1 << 20);
  ck_assert_int_eq(tel_exposition_write(registry, TEL_FORMAT_TEXT, &out), TEL_OK);
  const char *text = buf_cstr(&out);
  char wanted[128];
  snprintf(wanted, sizeof wanted, "\n%s ", line_start);
  const char *line = strstr(text, wanted);
  ck_assert_msg(line != NULL, "no %s in\n%s", line_start, text);
  double value = strtod(line + strlen(wanted), NULL);
  ck_assert_msg(value == expected, "%s is %g instead of %g", line_start, value, expected);
  buf_free(&out);
}

#define DROPPED(reason) "telemetry_spans_dropped_total{reason=\"" reason "\"}"
#define REQUESTS(code) "telemetry_export_requests_total{code=\"" code "\"}"

START_TEST(test_all_metrics_are_there_from_the_start) {
  setup();
  make();
  static const char *const lines[] = {"telemetry_spans_started_total",
                                      "telemetry_spans_exported_total",
                                      DROPPED("queue_full"),
                                      DROPPED("export_failed"),
                                      DROPPED("rejected"),
                                      DROPPED("shutdown"),
                                      DROPPED("memory"),
                                      "telemetry_span_queue_size",
                                      "telemetry_span_export_duration_seconds_count",
                                      REQUESTS("200"),
                                      REQUESTS("429"),
                                      REQUESTS("503"),
                                      REQUESTS("other"),
                                      REQUESTS("error")};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) metric(lines[i], 0);
  metric("telemetry_span_queue_capacity", 10);
  tel_tracing_free(tracing, 0);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_metrics_tell_what_happened) {
  static const struct fake_answer answers[] = {
      {.status = 503, .header = "Retry-After", .header_value = "0"}, {.status = 200}, {.status = 418}};
  struct fake_collector *collector = fake_collector_new(0, answers, 3);
  setup();
  strcpy(settings.endpoint, fake_collector_url(collector));
  make();
  emit(13); /* no exporter yet: the queue is full */
  metric("telemetry_spans_started_total", 13);
  metric("telemetry_span_queue_size", 10);
  metric(DROPPED("queue_full"), 3);
  ck_assert(!tel_tracing_flush(tracing, clock_mono_ns()));
  ck_assert_int_eq(tel_tracing_start(tracing), TEL_OK);
  ck_assert(tel_tracing_flush(tracing, clock_mono_ns() + soon));
  metric("telemetry_spans_exported_total", 10);
  metric("telemetry_span_queue_size", 0);
  metric("telemetry_span_export_duration_seconds_count", 1);
  metric(REQUESTS("503"), 1);
  metric(REQUESTS("200"), 1);
  emit(2);
  ck_assert(!tel_tracing_flush(tracing, clock_mono_ns() + soon));
  metric(DROPPED("export_failed"), 2);
  metric(REQUESTS("other"), 1);
  ck_assert_uint_eq(tel_tracing_free(tracing, clock_mono_ns() + soon), 0);
  tel_registry_free(registry);
  fake_collector_free(collector);
}
END_TEST

START_TEST(test_never_started) {
  setup();
  make();
  emit(4);
  ck_assert_uint_eq(tel_tracing_free(tracing, clock_mono_ns() + soon), 4);
  ck_assert_uint_eq(tel_tracing_free(NULL, 0), 0);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_off) {
  setup();
  settings.exporter = TEL_EXPORTER_NONE;
  make();
  ck_assert_int_eq(tel_tracing_start(tracing), TEL_OK);
  emit(100);
  metric("telemetry_spans_started_total", 0);
  ck_assert(tel_tracing_flush(tracing, 0));
  ck_assert_uint_eq(tel_tracing_free(tracing, 0), 0);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_bad_settings) {
  setup();
  struct tel_tracing *none = NULL;
  char long_id[100];
  memset(long_id, 'x', sizeof long_id - 1);
  long_id[sizeof long_id - 1] = '\0';
  ck_assert_int_eq(tel_tracing_new(&settings, "1", long_id, NULL, NULL, &none), TEL_E_VALUE);
  settings.ratio = NAN;
  ck_assert_int_eq(tel_tracing_new(&settings, "1", "id", NULL, NULL, &none), TEL_E_VALUE);
  settings.ratio = 1;
  settings.queue_size = 0;
  ck_assert_int_eq(tel_tracing_new(&settings, "1", "id", NULL, NULL, &none), TEL_E_VALUE);
  ck_assert_ptr_null(none);
  tel_registry_free(registry);
  setup();
  make();
  ck_assert_int_eq(tel_tracing_new(&settings, "1", "id", NULL, registry, &none), TEL_E_NAME); /* twice */
  ck_assert_ptr_null(none);
  tel_tracing_free(tracing, 0);
  tel_registry_free(registry);
  strcpy(settings.headers, "bad header=1");
  registry = NULL;
  make();
  ck_assert_int_eq(tel_tracing_start(tracing), TEL_E_VALUE);
  emit(1); /* tracing still works */
  ck_assert_uint_eq(tel_tracing_free(tracing, 0), 1);
}
END_TEST

START_TEST(test_console_line) {
  struct fixture f;
  struct buf out = BUF_INIT(1 << 20);
  struct tel_arena arena = {0};
  struct tel_context parent = {.trace_id = {0xab}, .span_id = {0xcd}, .flags = TEL_FLAG_SAMPLED};
  fixture_init(&f);
  fixture_open(&f, NULL);
  struct tel_span *span = tel_span_start(&f.tracer, "name", TEL_SPAN_SERVER, &parent, NULL, 1000);
  span->end_unix_ns = 3000;
  tel_attributes_set_string(tel_span_attributes(span), "text", "a\"\\\n\x01\xFF\xC3\xBC");
  tel_attributes_set_double(tel_span_attributes(span), "nan", NAN);
  tel_attributes_set_double(tel_span_attributes(span), "half", 0.5);
  tel_attributes_set_bool(tel_span_attributes(span), "yes", true);
  tel_attributes_set_int(tel_span_add_event(span, "event"), "number", -5);
  tel_span_add_link(span, &parent);
  tel_span_set_status(span, TEL_STATUS_ERROR, "why");
  ck_assert(tel_span_seal(span));
  ck_assert(tel_console_format(&span->wire, &arena, &out));
  tel_arena_free(&arena);
  const char *line = buf_cstr(&out);
  ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1); /* one line */
  json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL),
         *attributes = json_object_get(json, "attributes");
  ck_assert_ptr_nonnull(json);
#define TEXT(of, key) json_string_value(json_object_get(of, key))
  ck_assert_str_eq(TEXT(json, "span"), "name");
  ck_assert_str_eq(TEXT(json, "trace_id"), "ab000000000000000000000000000000");
  ck_assert_str_eq(TEXT(json, "parent_id"), "cd00000000000000");
  ck_assert_str_eq(TEXT(json, "kind"), "server");
  ck_assert_str_eq(TEXT(json, "status"), "error");
  ck_assert_str_eq(TEXT(json, "status_message"), "why");
  ck_assert_int_eq(json_integer_value(json_object_get(json, "duration_ns")), 2000);
  ck_assert_str_eq(TEXT(attributes, "text"), "a\"\\\n\x01\xEF\xBF\xBD\xC3\xBC");
  ck_assert(json_is_null(json_object_get(attributes, "nan")));
  ck_assert_double_eq(json_real_value(json_object_get(attributes, "half")), 0.5);
  ck_assert(json_is_true(json_object_get(attributes, "yes")));
  const json_t *event = json_array_get(json_object_get(json, "events"), 0);
  ck_assert_str_eq(TEXT(event, "name"), "event");
  ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(event, "attributes"), "number")), -5);
  ck_assert_str_eq(TEXT(json_array_get(json_object_get(json, "links"), 0), "span_id"), "cd00000000000000");
  json_decref(json);
  buf_free(&out);
  tel_span_release(span);
  fixture_close(&f, 0);
}
END_TEST

TEST_MAIN("tracing", test_all_metrics_are_there_from_the_start, test_metrics_tell_what_happened,
          test_never_started, test_off, test_bad_settings, test_console_line)
