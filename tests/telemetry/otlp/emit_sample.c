/* SPDX-License-Identifier: MIT */
/* Emits one span of each kind, as the OTEL_* variables say, for otlp_decode_test.py, which knows the expected
 * result. Prints each span's name and traceparent. An argument n: emits n plain spans instead. */
#include <curl/curl.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "telemetry/traces/tracing.h"

static const uint64_t start_ns = UINT64_C(1700000000123456789);

static const char *from_environment(void *cls, const char *name) {
  (void)cls;
  return getenv(name);
}

static void warn(void *cls, const char *text) {
  (void)cls;
  fprintf(stderr, "warning: %s\n", text);
}

static void report(void *cls, enum tel_report what, const char *text) {
  (void)cls;
  fprintf(stderr, "%s: %s\n", what == TEL_REPORT_FAILED ? "failed" : "fine", text);
}

static void announce(const char *name, const struct tel_span *span) {
  char traceparent[TEL_TRACEPARENT_SIZE];
  tel_traceparent_format(tel_span_context(span), traceparent);
  printf("%s %s\n", name, traceparent);
}

static void fill(struct tel_attributes *attributes) {
  tel_attributes_set_string(attributes, "text", "gr\xC3\xBC\xC3\x9F dich");
  tel_attributes_set_text(attributes, "nul", "a\0b", 3);
  tel_attributes_set_string(attributes, "broken", "a\xFF\xE2\x82z");
  tel_attributes_set_string(attributes, "empty", "");
  tel_attributes_set_static(attributes, "static", "constant");
  tel_attributes_set_int(attributes, "zero", 0);
  tel_attributes_set_int(attributes, "least", INT64_MIN);
  tel_attributes_set_int(attributes, "most", INT64_MAX);
  tel_attributes_set_double(attributes, "pi", 3.141592653589793);
  tel_attributes_set_double(attributes, "largest", DBL_MAX);
  tel_attributes_set_double(attributes, "minus_zero", -0.0);
  tel_attributes_set_bool(attributes, "yes", true);
  tel_attributes_set_bool(attributes, "no", false);
}

static void emit_server(struct tel_tracer *tracer) {
  struct tel_context parent, linked;
  static const char remote[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";
  static const char other[] = "00-11111111111111111111111111111111-2222222222222222-01";
  if (!tel_traceparent_parse(remote, strlen(remote), &parent)) abort();
  if (!tel_traceparent_parse(other, strlen(other), &linked)) abort();
  struct tel_span *server = tel_span_start(tracer, "server", TEL_SPAN_SERVER, &parent, "a=1,b=2", start_ns);
  announce("server", server);
  fill(tel_span_attributes(server));
  tel_attributes_set_int(tel_span_add_link(server, &linked), "linked", 1);
  linked.remote = false;
  linked.flags = 0;
  tel_span_add_link(server, &linked);
  fill(tel_span_add_event(server, "first"));
  tel_span_add_event(server, "second");
  tel_span_set_status(server, TEL_STATUS_ERROR, "it broke");

  struct tel_span *child = tel_span_start_child(tracer, "child", TEL_SPAN_INTERNAL, server);
  announce("child", child);
  tel_span_set_status(child, TEL_STATUS_OK, NULL);
  tel_span_set_status(child, TEL_STATUS_ERROR, "too late");
  tel_span_end(child, 0);
  tel_span_end(server, start_ns + 1500000);
}

/* One more of each than the limits that the test sets: 20 attributes, 3 events, 2 links. */
static void emit_limited(struct tel_tracer *tracer) {
  static const char *const keys[] = {"k00", "k01", "k02", "k03", "k04", "k05", "k06",
                                     "k07", "k08", "k09", "k10", "k11", "k12", "k13",
                                     "k14", "k15", "k16", "k17", "k18", "k19", "k20"};
  struct tel_span *span = tel_span_start(tracer, "limited", TEL_SPAN_CLIENT, NULL, NULL, start_ns);
  announce("limited", span);
  for (int i = 0; i < 21; i++) tel_attributes_set_int(tel_span_attributes(span), keys[i], i);
  for (int i = 0; i < 4; i++) tel_span_add_event(span, "event");
  for (int i = 0; i < 3; i++) tel_span_add_link(span, tel_span_context(span));
  tel_span_end(span, start_ns - 1); /* before its start: becomes the start */
}

int main(int argc, char **argv) {
  struct tel_tracing_settings settings;
  struct tel_tracing *tracing;
  const struct tel_tracing_events events = {report, NULL};
  curl_global_init(CURL_GLOBAL_DEFAULT);
  tel_tracing_settings_init(&settings);
  snprintf(settings.service_name, sizeof settings.service_name, "minishop");
  snprintf(settings.scope_name, sizeof settings.scope_name, "minishop");
  snprintf(settings.scope_version, sizeof settings.scope_version, "1.2.3");
  tel_tracing_settings_environment(&settings, from_environment, NULL, warn, NULL);
  if (tel_tracing_new(&settings, "1.2.3", "7b2d6f0e-0000-4000-8000-000000000001", &events, NULL, &tracing) ||
      tel_tracing_start(tracing))
    return EXIT_FAILURE;
  struct tel_tracer *tracer = tel_tracing_tracer(tracing);
  int plain = argc > 1 ? atoi(argv[1]) : 0;
  for (int i = 0; i < plain; i++)
    tel_span_end(tel_span_start(tracer, "plain", TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
  if (!plain) {
    emit_server(tracer);
    emit_limited(tracer);
  }
  uint64_t lost = tel_tracing_free(tracing, clock_mono_ns() + 5 * CLOCK_NS_PER_S);
  curl_global_cleanup();
  if (lost) fprintf(stderr, "%llu spans lost\n", (unsigned long long)lost);
  return lost ? EXIT_FAILURE : EXIT_SUCCESS;
}
