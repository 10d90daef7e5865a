/* SPDX-License-Identifier: MIT */
/* The OTEL_* variables. */
#include <stdio.h>
#include <string.h>

#include "support/environment.h"
#include "support/test.h"
#include "telemetry/settings/otel_variables.h"
#include "telemetry/settings/tracing_settings.h"

static struct tel_tracing_settings settings;
static char warnings[4096];

static void warn(void *cls, const char *text) {
  (void)cls;
  size_t used = strlen(warnings);
  snprintf(warnings + used, sizeof warnings - used, "%s\n", text);
}

/* Reads these variables over the defaults. */
#define READ(...)                                                                                            \
  do {                                                                                                       \
    static const char *const list[] = {__VA_ARGS__, NULL};                                                   \
    tel_tracing_settings_init(&settings);                                                                    \
    warnings[0] = '\0';                                                                                      \
    tel_tracing_settings_environment(&settings, environment_get, (void *)(uintptr_t)list, warn, NULL);       \
  } while (0)
#define SILENT() ck_assert_str_eq(warnings, "")
#define UNSAID(text) ck_assert_msg(strstr(warnings, text) == NULL, "%s", warnings)
#define WARNED(name) ck_assert_msg(strstr(warnings, name) != NULL, "no word about %s: %s", name, warnings)

START_TEST(test_defaults) {
  READ("OTHER=1");
  SILENT();
  ck_assert_int_eq(settings.exporter, TEL_EXPORTER_OTLP);
  ck_assert(settings.propagate);
  ck_assert_int_eq(settings.sampler, TEL_SAMPLER_ALWAYS_ON);
  ck_assert(settings.parent_based);
  ck_assert_str_eq(settings.endpoint, "http://localhost:4318/v1/traces");
  ck_assert_str_eq(settings.service_name, "unknown_service");
  ck_assert_uint_eq(settings.timeout_ms, 10000);
  ck_assert_uint_eq(settings.schedule_delay_ms, 5000);
  ck_assert_uint_eq(settings.export_timeout_ms, 30000);
  ck_assert_uint_eq(settings.queue_size, 16384);
  ck_assert_uint_eq(settings.batch_size, 8192);
  ck_assert_uint_eq(settings.attribute_limit, 128);
  ck_assert_uint_eq(settings.value_limit, UINT32_MAX);
  ck_assert(!settings.gzip);
}
END_TEST

START_TEST(test_empty_is_unset) {
  READ("OTEL_SDK_DISABLED=", "OTEL_SERVICE_NAME=", "OTEL_TRACES_EXPORTER=", "OTEL_TRACES_SAMPLER=",
       "OTEL_BSP_MAX_QUEUE_SIZE=", "OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=",
       "OTEL_PROPAGATORS=", "OTEL_RESOURCE_ATTRIBUTES=", "OTEL_EXPORTER_OTLP_COMPRESSION=");
  SILENT();
  struct tel_tracing_settings defaults;
  tel_tracing_settings_init(&defaults);
  ck_assert_int_eq(settings.exporter, defaults.exporter);
  ck_assert_str_eq(settings.endpoint, defaults.endpoint);
  ck_assert_str_eq(settings.service_name, defaults.service_name);
  ck_assert_uint_eq(settings.queue_size, defaults.queue_size);
  ck_assert(settings.propagate);
}
END_TEST

START_TEST(test_endpoint) {
  static const struct {
    const char *base, *url;
  } cases[] = {
      {"http://collector:4318", "http://collector:4318/v1/traces"},
      {"http://collector:4318/", "http://collector:4318/v1/traces"},
      {"http://collector:4318//", "http://collector:4318/v1/traces"},
      {"https://example.test/otlp/in/", "https://example.test/otlp/in/v1/traces"},
      {"http://[::1]:4318", "http://[::1]:4318/v1/traces"},
      {"collector:4318", NULL},
      {"ftp://collector", NULL},
      {"http://", NULL},
      {"http://host?query", NULL},
      {"http://a b/", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    tel_tracing_settings_init(&settings);
    int error = tel_tracing_settings_endpoint(&settings, cases[i].base);
    ck_assert_msg(error == (cases[i].url ? TEL_OK : TEL_E_VALUE), "%s", cases[i].base);
    ck_assert_str_eq(settings.endpoint, cases[i].url ? cases[i].url : "http://localhost:4318/v1/traces");
  }
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=http://general:1",
       "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://own:2/as/it/is");
  ck_assert_str_eq(settings.endpoint, "http://own:2/as/it/is");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=http://general:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=nonsense");
  ck_assert_str_eq(settings.endpoint, "http://general:1/v1/traces");
  WARNED("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
}
END_TEST

START_TEST(test_specific_beats_general) {
  READ("OTEL_EXPORTER_OTLP_TIMEOUT=1", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=2",
       "OTEL_EXPORTER_OTLP_HEADERS=a=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS=b=2",
       "OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION=none",
       "OTEL_EXPORTER_OTLP_CERTIFICATE=/etc/hosts", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE=/etc/passwd",
       "OTEL_EXPORTER_OTLP_CLIENT_KEY=/etc/group", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/etc/hostname");
  SILENT();
  ck_assert_uint_eq(settings.timeout_ms, 2);
  ck_assert_str_eq(settings.headers, "b=2");
  ck_assert(!settings.gzip);
  ck_assert_str_eq(settings.certificate, "/etc/passwd");
  ck_assert_str_eq(settings.client_key, "/etc/group");
  ck_assert_str_eq(settings.client_certificate, "/etc/hostname");
  READ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=soon", "OTEL_EXPORTER_OTLP_TIMEOUT=7");
  ck_assert_uint_eq(settings.timeout_ms, 7);
  WARNED("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT");
}
END_TEST

START_TEST(test_bad_values_are_reported_and_ignored) {
  READ("OTEL_BSP_MAX_QUEUE_SIZE=many", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=0", "OTEL_BSP_SCHEDULE_DELAY=-5",
       "OTEL_BSP_EXPORT_TIMEOUT=4294967296", "OTEL_TRACES_EXPORTER=zipkin", "OTEL_TRACES_SAMPLER=sometimes",
       "OTEL_PROPAGATORS=b3", "OTEL_SDK_DISABLED=1", "OTEL_EXPORTER_OTLP_COMPRESSION=brotli",
       "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_HEADERS=no equals",
       "OTEL_SPAN_EVENT_COUNT_LIMIT=1e3");
  ck_assert_uint_eq(settings.queue_size, 16384);
  ck_assert_uint_eq(settings.batch_size, 8192);
  ck_assert_uint_eq(settings.schedule_delay_ms, 5000);
  ck_assert_uint_eq(settings.export_timeout_ms, 30000);
  ck_assert_int_eq(settings.exporter, TEL_EXPORTER_OTLP);
  ck_assert_int_eq(settings.sampler, TEL_SAMPLER_ALWAYS_ON);
  ck_assert(settings.propagate);
  ck_assert(!settings.gzip);
  ck_assert_str_eq(settings.headers, "");
  ck_assert_uint_eq(settings.event_limit, 128);
  WARNED("OTEL_BSP_MAX_QUEUE_SIZE");
  WARNED("OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
  WARNED("OTEL_BSP_SCHEDULE_DELAY");
  WARNED("OTEL_BSP_EXPORT_TIMEOUT");
  WARNED("OTEL_TRACES_EXPORTER");
  WARNED("OTEL_TRACES_SAMPLER");
  WARNED("OTEL_PROPAGATORS");
  WARNED("OTEL_SDK_DISABLED");
  WARNED("OTEL_EXPORTER_OTLP_COMPRESSION");
  WARNED("OTEL_EXPORTER_OTLP_PROTOCOL");
  WARNED("OTEL_EXPORTER_OTLP_HEADERS");
  WARNED("OTEL_SPAN_EVENT_COUNT_LIMIT");
}
END_TEST

START_TEST(test_headers) {
  READ("OTEL_EXPORTER_OTLP_HEADERS=authorization=Basic%20YTpi%3D, x-b=2,");
  SILENT();
  ck_assert_str_eq(settings.headers, "authorization=Basic%20YTpi%3D,x-b=2");
  READ("OTEL_EXPORTER_OTLP_HEADERS=x=1%0d%0aEvil: yes");
  ck_assert_str_eq(settings.headers, "");
  WARNED("OTEL_EXPORTER_OTLP_HEADERS");
  READ("OTEL_EXPORTER_OTLP_HEADERS=content-length=3,x-b=2,Content-Type=text/plain");
  ck_assert_str_eq(settings.headers, "x-b=2");
  WARNED("pair 1 (content-length) is left out: the exporter sets this header itself");
  READ("OTEL_EXPORTER_OTLP_HEADERS=bad name=1");
  WARNED("OTEL_EXPORTER_OTLP_HEADERS");
  READ("OTEL_EXPORTER_OTLP_HEADERS=x=%zz");
  WARNED("OTEL_EXPORTER_OTLP_HEADERS");
}
END_TEST

START_TEST(test_samplers) {
  READ("OTEL_TRACES_SAMPLER=always_off");
  ck_assert_int_eq(settings.sampler, TEL_SAMPLER_ALWAYS_OFF);
  ck_assert(!settings.parent_based);
  READ("OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.25");
  ck_assert_int_eq(settings.sampler, TEL_SAMPLER_RATIO);
  ck_assert(settings.parent_based);
  ck_assert_double_eq(settings.ratio, 0.25);
  READ("OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=1e-3");
  ck_assert_double_eq(settings.ratio, 0.001);
  SILENT();
  READ("OTEL_TRACES_SAMPLER=traceidratio");
  ck_assert_double_eq(settings.ratio, 1);
  SILENT();
  READ("OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=1.5");
  ck_assert_double_eq(settings.ratio, 1);
  WARNED("OTEL_TRACES_SAMPLER_ARG");
  READ("OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=nan");
  ck_assert_double_eq(settings.ratio, 1);
  WARNED("OTEL_TRACES_SAMPLER_ARG");
}
END_TEST

START_TEST(test_switches) {
  READ("OTEL_SDK_DISABLED=TRUE", "OTEL_TRACES_EXPORTER=console");
  ck_assert_int_eq(settings.exporter, TEL_EXPORTER_NONE);
  ck_assert(settings.propagate);
  READ("OTEL_TRACES_EXPORTER=None");
  ck_assert_int_eq(settings.exporter, TEL_EXPORTER_NONE);
  READ("OTEL_PROPAGATORS=none");
  ck_assert(!settings.propagate);
  READ("OTEL_PROPAGATORS=baggage");
  ck_assert(!settings.propagate);
  READ("OTEL_PROPAGATORS=baggage, tracecontext");
  ck_assert(settings.propagate);
  SILENT();
}
END_TEST

START_TEST(test_limits) {
  READ("OTEL_ATTRIBUTE_COUNT_LIMIT=10", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=20",
       "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT=3", "OTEL_SPAN_EVENT_COUNT_LIMIT=4", "OTEL_SPAN_LINK_COUNT_LIMIT=0",
       "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=100", "OTEL_BSP_MAX_QUEUE_SIZE=100");
  SILENT();
  ck_assert_uint_eq(settings.attribute_limit, 20);
  ck_assert_uint_eq(settings.event_attribute_limit, 3);
  ck_assert_uint_eq(settings.link_attribute_limit, 10);
  ck_assert_uint_eq(settings.event_limit, 4);
  ck_assert_uint_eq(settings.link_limit, 0);
  ck_assert_uint_eq(settings.value_limit, 100);
  ck_assert_uint_eq(settings.queue_size, 100);
  ck_assert_uint_eq(settings.batch_size, 100);
}
END_TEST

START_TEST(test_service_name) {
  READ("OTEL_RESOURCE_ATTRIBUTES=service.name=from%20there,team=x");
  ck_assert_str_eq(settings.service_name, "from there");
  READ("OTEL_RESOURCE_ATTRIBUTES=service.name=there,team=x", "OTEL_SERVICE_NAME=here");
  ck_assert_str_eq(settings.service_name, "here");
  SILENT();
}
END_TEST

/* Each pair is in the resource, or its omission is reported. */
START_TEST(test_resource_attributes_without_effect) {
  static const char *const own[] = {
      "service.version",        "service.instance.id",    "process.pid",
      "telemetry.sdk.name",     "telemetry.sdk.language", "telemetry.sdk.version",
      "process.executable.name"};
  char pair[1024], line[256], name[2 * sizeof settings.service_name];
  const char *const list[] = {pair, NULL};
#define READ_PAIR(...)                                                                                       \
  (snprintf(pair, sizeof pair, __VA_ARGS__), tel_tracing_settings_init(&settings), warnings[0] = '\0',       \
   tel_tracing_settings_environment(&settings, environment_get, (void *)(uintptr_t)list, warn, NULL))
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
    READ_PAIR("OTEL_RESOURCE_ATTRIBUTES=a=1,%s=mine,%s.x=2", own[i], own[i]);
    snprintf(line, sizeof line,
             "OTEL_RESOURCE_ATTRIBUTES: pair 2 (%s) is left out: the program sets this attribute itself",
             own[i]);
    WARNED(line);
    snprintf(line, sizeof line, "a=1,%s.x=2", own[i]);
    ck_assert_str_eq(settings.resource, line);
  }
  READ_PAIR("OTEL_RESOURCE_ATTRIBUTES=host.name=h,host.arch=x,container.id=c,service.namespace=n");
  SILENT();
  /* A name that is cut could end inside a character. */
  memset(name, 'n', sizeof name);
  name[sizeof settings.service_name - 1] = '\0';
  READ_PAIR("OTEL_RESOURCE_ATTRIBUTES=service.name=%s,b=2", name);
  SILENT();
  ck_assert_str_eq(settings.service_name, name);
  name[sizeof settings.service_name - 1] = 'n';
  name[sizeof settings.service_name] = '\0';
  READ_PAIR("OTEL_RESOURCE_ATTRIBUTES=service.name=%s,b=2", name);
  WARNED("pair 1 (service.name) is left out: its value is longer than 255 bytes");
  ck_assert_str_eq(settings.service_name, "unknown_service");
  ck_assert_str_eq(settings.resource, "b=2");
}
END_TEST

/* A variable that comes from a file ends in a newline. */
START_TEST(test_white_space_around_values) {
  READ("OTEL_EXPORTER_OTLP_HEADERS=\tauthorization = Bearer%20x , x-b=2\r\n",
       "OTEL_TRACES_EXPORTER= console\n", "OTEL_BSP_MAX_QUEUE_SIZE=\t100\r\n",
       "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=10\n", "OTEL_EXPORTER_OTLP_ENDPOINT= http://collector:4318 \n",
       "OTEL_SERVICE_NAME=my shop\n", "OTEL_RESOURCE_ATTRIBUTES=\nteam=x\n",
       "OTEL_TRACES_SAMPLER=traceidratio\n", "OTEL_TRACES_SAMPLER_ARG=0.5\n", "OTEL_SDK_DISABLED=false\n",
       "OTEL_PROPAGATORS=\ttracecontext\t,\tbaggage\n", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip\n",
       "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n", "OTEL_EXPORTER_OTLP_TIMEOUT= \n");
  SILENT();
  ck_assert_str_eq(settings.headers, "authorization = Bearer%20x,x-b=2");
  ck_assert_int_eq(settings.exporter, TEL_EXPORTER_CONSOLE);
  ck_assert_uint_eq(settings.queue_size, 100);
  ck_assert_str_eq(settings.endpoint, "http://collector:4318/v1/traces");
  ck_assert_str_eq(settings.service_name, "my shop");
  ck_assert_str_eq(settings.resource, "team=x");
  ck_assert_double_eq(settings.ratio, 0.5);
  ck_assert(settings.gzip);
  ck_assert_uint_eq(settings.timeout_ms, 10000);
}
END_TEST

START_TEST(test_one_bad_pair_does_not_spoil_the_list) {
  READ("OTEL_EXPORTER_OTLP_HEADERS=x-a=1,secretvalue,x-b=%zz,x-c=3");
  ck_assert_str_eq(settings.headers, "x-a=1,x-c=3");
  WARNED("OTEL_EXPORTER_OTLP_HEADERS: pair 2 is left out: it has no equals sign");
  WARNED("OTEL_EXPORTER_OTLP_HEADERS: pair 3 (x-b) is left out");
  UNSAID("secretvalue");
  UNSAID("zz");
  READ("OTEL_EXPORTER_OTLP_TRACES_HEADERS=Authorization: Bearer c2VjcmV0=,x-b=2");
  ck_assert_str_eq(settings.headers, "x-b=2");
  WARNED("pair 1 (Authorization) is left out");
  UNSAID("c2VjcmV0");
  READ("OTEL_EXPORTER_OTLP_HEADERS=x-a=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS=nothing");
  ck_assert_str_eq(settings.headers, "x-a=1"); /* the specific variable has no effect */
  READ("OTEL_RESOURCE_ATTRIBUTES=team=%4,service.name=there,=x,rack=7");
  ck_assert_str_eq(settings.resource, "service.name=there,rack=7");
  ck_assert_str_eq(settings.service_name, "there");
  WARNED("OTEL_RESOURCE_ATTRIBUTES: pair 1 (team)");
  WARNED("OTEL_RESOURCE_ATTRIBUTES: pair 3 is left out");
  READ("OTEL_PROPAGATORS=b3,none");
  ck_assert(!settings.propagate);
  WARNED("OTEL_PROPAGATORS: unknown propagator 'b3' (a list of: tracecontext, baggage, none)");
  READ("OTEL_PROPAGATORS=b3,jaeger");
  ck_assert(settings.propagate);
  WARNED("OTEL_PROPAGATORS: invalid value 'b3,jaeger'");
  UNSAID("the others are kept");
}
END_TEST

START_TEST(test_messages_say_which_value_and_what_is_taken) {
  READ("OTEL_TRACES_EXPORTER=zip\x1bkin", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_SDK_DISABLED=1",
       "OTEL_BSP_SCHEDULE_DELAY=5s", "OTEL_TRACES_SAMPLER_ARG=0.5", "OTEL_TRACES_SAMPLER=jaeger_remote",
       "OTEL_BSP_MAX_QUEUE_SIZE=9999999", "OTEL_EXPORTER_OTLP_COMPRESSION=zstd",
       "OTEL_EXPORTER_OTLP_CERTIFICATE=/nonexistent/ca.pem");
  WARNED("OTEL_TRACES_EXPORTER: invalid value 'zip?kin' (one of: otlp, console, none)");
  WARNED("OTEL_EXPORTER_OTLP_PROTOCOL: invalid value 'grpc' (only: http/protobuf)");
  WARNED("port 4318");
  WARNED("OTEL_SDK_DISABLED: invalid value '1' (one of: true, false)");
  WARNED("OTEL_BSP_SCHEDULE_DELAY: invalid value '5s' (a whole number from 0 to 4294967295)");
  WARNED("OTEL_TRACES_SAMPLER_ARG: has no effect");
  WARNED("OTEL_TRACES_SAMPLER: invalid value 'jaeger_remote' (one of: always_on,");
  WARNED("OTEL_BSP_MAX_QUEUE_SIZE: invalid value '9999999' (a whole number from 1 to 1048576)");
  WARNED("OTEL_EXPORTER_OTLP_COMPRESSION: invalid value 'zstd' (one of: none, gzip)");
  WARNED("OTEL_EXPORTER_OTLP_CERTIFICATE: cannot read the file '/nonexistent/ca.pem': No such file");
  READ("OTEL_TRACES_EXPORTER=otlp,console");
  ck_assert_int_eq(settings.exporter, TEL_EXPORTER_OTLP);
  WARNED("one exporter is used (one of: otlp, console, none): otlp");
  READ("OTEL_TRACES_EXPORTER=jaeger,console,");
  ck_assert_int_eq(settings.exporter, TEL_EXPORTER_CONSOLE);
  READ("OTEL_TRACES_EXPORTER=console,");
  SILENT();
  READ("OTEL_BSP_MAX_QUEUE_SIZE=10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=20");
  ck_assert_uint_eq(settings.batch_size, 10);
  WARNED("OTEL_BSP_MAX_EXPORT_BATCH_SIZE: larger than the queue");
}
END_TEST

START_TEST(test_endpoints_that_are_probably_wrong) {
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4317");
  WARNED("OTEL_EXPORTER_OTLP_ENDPOINT: port 4317 of http://collector:4317/ is usually for OTLP over gRPC");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318/v1/traces/");
  ck_assert_str_eq(settings.endpoint, "http://collector:4318/v1/traces/v1/traces");
  WARNED("leave v1/traces out here");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318/v1");
  WARNED("v1/traces is appended to http://collector:4318/v1: leave v1 out here");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=https://collector/otlp/v1/metrics/");
  WARNED("leave v1/metrics out here");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318/v1/logs");
  WARNED("leave v1/logs out here");
  READ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://collector:4318/v1/metrics");
  WARNED("http://collector:4318/v1/metrics is not a path for spans");
  READ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://collector:4318/v1/");
  WARNED("takes spans at /v1/traces");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318/apiv1",
       "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://collector:4318/v1/traces");
  SILENT();
  READ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://collector:4318");
  WARNED("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: http://collector:4318/ has no path");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318");
  WARNED("invalid value 'collector:4318' (an http or https URL without a query)");
  WARNED("write http://collector:4318");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317");
  WARNED("not over gRPC: write http://collector:4318");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=grpc://[::1]:4317");
  WARNED("not over gRPC: write http://[::1]:4318");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=unix:/run/collector.sock");
  WARNED("invalid value 'unix:/run/collector.sock'");
  UNSAID("write");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=\"http://collector:4318\"");
  WARNED("write it without quotes");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=grpc://user:secret@collector:4317");
  UNSAID("secret");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=ftp://user:secret@collector/?key=secret");
  WARNED("OTEL_EXPORTER_OTLP_ENDPOINT: invalid value");
  UNSAID("secret");
  READ("OTEL_EXPORTER_OTLP_ENDPOINT=http://user:secret@collector:4317");
  UNSAID("secret");
  READ("OTEL_TRACES_EXPORTER=none", "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4317");
  SILENT(); /* nothing is sent to that address */
}
END_TEST

/* Each is reported once, with its name, and not as a misspelling of another one. */
START_TEST(test_variables_without_effect) {
  static const char *const names[] = {"OTEL_LOG_LEVEL",
                                      "OTEL_METRICS_EXEMPLAR_FILTER",
                                      "OTEL_METRICS_EXPORTER",
                                      "OTEL_METRIC_EXPORT_INTERVAL",
                                      "OTEL_METRIC_EXPORT_TIMEOUT",
                                      "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                                      "OTEL_EXPORTER_OTLP_METRICS_INSECURE",
                                      "OTEL_EXPORTER_OTLP_METRIC_INSECURE",
                                      "OTEL_EXPORTER_PROMETHEUS_PORT",
                                      "OTEL_LOGS_EXPORTER",
                                      "OTEL_BLRP_SCHEDULE_DELAY",
                                      "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
                                      "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY",
                                      "OTEL_EXPORTER_OTLP_INSECURE",
                                      "OTEL_EXPORTER_OTLP_TRACES_INSECURE",
                                      "OTEL_EXPORTER_OTLP_SPAN_INSECURE",
                                      "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
                                      "OTEL_EXPORTER_JAEGER_AGENT_HOST",
                                      "OTEL_CONFIG_FILE",
                                      "OTEL_EXPERIMENTAL_CONFIG_FILE",
                                      "OTEL_ENTITIES",
                                      "OTEL_SEMCONV_STABILITY_OPT_IN",
                                      "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char pair[128], line[128];
    const char *const list[] = {pair, NULL};
    snprintf(pair, sizeof pair, "%s=topsecret", names[i]);
    snprintf(line, sizeof line, "%s: has no effect; ", names[i]);
    tel_tracing_settings_init(&settings);
    warnings[0] = '\0';
    tel_tracing_settings_environment(&settings, environment_get, (void *)(uintptr_t)list, warn, NULL);
    ck_assert_msg(strncmp(warnings, line, strlen(line)) == 0, "%s: %s", names[i], warnings);
    ck_assert_ptr_eq(strchr(warnings, '\n'), warnings + strlen(warnings) - 1);
    UNSAID("topsecret");
    ck_assert_ptr_null(tel_variable_similar(names[i], strlen(names[i])));
  }
  READ("OTEL_METRICS_EXEMPLAR_FILTER=trace_based", "OTEL_METRICS_EXPORTER=none", "OTEL_LOGS_EXPORTER=Console",
       "OTEL_LOG_LEVEL=", "OTEL_SEMCONV_STABILITY_OPT_IN=http", "OTEL_PYTHON_LOG_LEVEL=debug");
  SILENT();
  READ("OTEL_METRICS_EXPORTER=prometheus");
  SILENT();
}
END_TEST

START_TEST(test_misspelled_names) {
  static const struct {
    const char *name, *meant;
  } cases[] = {{"OTEL_EXPORTER_OLTP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"},
               {"OTEL_TRACE_EXPORTER", "OTEL_TRACES_EXPORTER"},
               {"OTEL_EXPORTER_OTLP_HEADER", "OTEL_EXPORTER_OTLP_HEADERS"},
               {"OTEL_TRACES_EXPORTER", NULL},
               {"OTEL_METRICS_EXPORTER", NULL},
               {"OTEL_LOGS_EXPORTER", NULL},
               {"OTEL_BLRP_SCHEDULE_DELAY", NULL},
               {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", NULL},
               {"OTEL_GO_X_EXEMPLAR", NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_pstr_eq(tel_variable_similar(cases[i].name, strlen(cases[i].name)), cases[i].meant);
}
END_TEST

static void show(void *cls, const struct tel_variable *variable, enum tel_variable_state state,
                 const char *value) {
  (void)cls;
  size_t used = strlen(warnings);
  if (state == TEL_VARIABLE_UNSET) return;
  snprintf(warnings + used, sizeof warnings - used, "%s %s %s\n", variable->name,
           state == TEL_VARIABLE_TAKEN ? "is" : "ignored", value);
}

START_TEST(test_show) {
  static const char *const list[] = {"OTEL_EXPORTER_OTLP_HEADERS=authorization=topsecret,x-b=topsecret\n",
                                     "OTEL_EXPORTER_OTLP_ENDPOINT=http://u:topsecret@collector:4318",
                                     "OTEL_TRACES_EXPORTER=zipkin", "OTEL_BSP_MAX_QUEUE_SIZE=7", NULL};
  warnings[0] = '\0';
  ck_assert_int_eq(tel_variables_show(environment_get, (void *)(uintptr_t)list, show, NULL), TEL_OK);
  ck_assert_str_eq(warnings, "OTEL_TRACES_EXPORTER ignored \nOTEL_BSP_MAX_QUEUE_SIZE is 7\n"
                             "OTEL_EXPORTER_OTLP_ENDPOINT is http://collector:4318/\n"
                             "OTEL_EXPORTER_OTLP_HEADERS is authorization=(hidden) x-b=(hidden) \n");
}
END_TEST

/* A number that is shown as the default must be the value without the variable. */
START_TEST(test_shown_defaults_are_in_force) {
  struct tel_tracing_settings defaults;
  const struct tel_variable *variable;
  unsigned numbers = 0;
  tel_tracing_settings_init(&defaults);
  for (size_t i = 0; (variable = tel_variable_at(i)); i++) {
    char text[128];
    size_t digits = strspn(variable->fallback, "0123456789");
    if (digits == 0) continue;
    snprintf(text, sizeof text, "%s=%.*s", variable->name, (int)digits, variable->fallback);
    const char *const list[] = {text, NULL};
    tel_tracing_settings_init(&settings);
    warnings[0] = '\0';
    tel_tracing_settings_environment(&settings, environment_get, (void *)(uintptr_t)list, warn, NULL);
    ck_assert_msg(memcmp(&settings, &defaults, sizeof settings) == 0, "%s is not the default", text);
    numbers++;
  }
  ck_assert_uint_ge(numbers, 8);
}
END_TEST

TEST_MAIN("tracing_env", test_defaults, test_empty_is_unset, test_endpoint, test_specific_beats_general,
          test_bad_values_are_reported_and_ignored, test_headers, test_samplers, test_switches, test_limits,
          test_service_name, test_resource_attributes_without_effect, test_white_space_around_values,
          test_one_bad_pair_does_not_spoil_the_list, test_messages_say_which_value_and_what_is_taken,
          test_endpoints_that_are_probably_wrong, test_variables_without_effect, test_misspelled_names,
          test_show, test_shown_defaults_are_in_force)
