/* SPDX-License-Identifier: MIT */
/* The exporter's decisions. The test provides the transport's responses and clock. */
#include "telemetry/otlp/otlp_exporter.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "support/test.h"
#include "support/threads.h"
#include "telemetry/core/resource.h"
#include "telemetry/otlp/otlp_encoder.h"
#include "telemetry/otlp/transport.h"
#include "telemetry/traces/trace_metrics.h"
#include "telemetry/traces/tracer_fixture.h"

enum { MOST = 32 };

static struct {
  struct tel_response answers[MOST]; /* the last one is repeated */
  const char *bodies[MOST];
  size_t body_lens[MOST];
  size_t count, pauses;
  _Atomic size_t posts;
  uint64_t now, paused[MOST], deadline;
  uint64_t post_takes;   /* duration of a post */
  size_t stops_in_pause; /* which pause is ended by stop, from 1; 0: none */
  bool stopping, freed;
  _Atomic bool hangs, hung; /* a post does not return while hangs is set; it sets hung */
} wire;

static const uint64_t unix_start = UINT64_C(784111777) * CLOCK_NS_PER_S; /* Sun, 06 Nov 1994 08:49:37 GMT */
static const uint64_t mono_start = 1000 * CLOCK_NS_PER_S;

static void post(void *cls, const void *body, size_t len, uint64_t deadline, struct tel_response *answer) {
  (void)cls;
  ck_assert_ptr_nonnull(body);
  ck_assert_uint_gt(len, 0);
  while (atomic_load(&wire.hangs)) {
    atomic_store(&wire.hung, true);
    sched_yield();
  }
  size_t at = wire.posts++;
  if (at >= wire.count) at = wire.count - 1;
  wire.now += wire.post_takes;
  wire.deadline = deadline;
  answer->status = wire.answers[at].status;
  answer->connection = wire.answers[at].connection;
  strcpy(answer->retry_after, wire.answers[at].retry_after);
  strcpy(answer->type, wire.answers[at].type);
  strcpy(answer->via, wire.answers[at].via);
  strcpy(answer->text, wire.answers[at].text);
  buf_reset(&answer->body);
  buf_append(&answer->body, wire.bodies[at], wire.body_lens[at]);
}

static void pause_until(void *cls, uint64_t until) {
  (void)cls;
  ck_assert_uint_lt(wire.pauses, MOST);
  ck_assert_uint_ge(until, wire.now);
  wire.paused[wire.pauses++] = until - wire.now;
  if (wire.pauses == wire.stops_in_pause) wire.stopping = true;
  if (!wire.stopping) wire.now = until;
}

static uint64_t mono(void *cls) {
  (void)cls;
  return wire.now;
}

static uint64_t unix_time(void *cls) {
  (void)cls;
  return unix_start + (wire.now - mono_start);
}

static bool stopping(void *cls) {
  (void)cls;
  return wire.stopping;
}

static void stop(void *cls, uint64_t deadline) {
  (void)cls;
  (void)deadline;
  wire.stopping = true;
}

static void release(void *cls) {
  (void)cls;
  wire.freed = true;
}

static struct fixture f;
static struct tel_exporter exporter;
static struct tel_attributes *resource;
static struct tel_export_result result;

static void setup(void) {
  const struct tel_transport transport = {post, pause_until, mono, unix_time, stopping, stop, release, NULL};
  fixture_init(&f);
  fixture_open(&f, NULL);
  memset(&wire, 0, sizeof wire);
  wire.now = mono_start;
  resource = tel_resource_new(&f.tracer.settings, "1", "id");
  ck_assert_int_eq(tel_otlp_exporter_with(&transport, &f.tracer.settings, resource, NULL, &exporter), TEL_OK);
}

static void teardown(void) {
  exporter.free(exporter.cls);
  ck_assert(wire.freed);
  tel_resource_free(resource);
  fixture_close(&f, 0);
}

static void answer(int status, const char *retry_after) {
  struct tel_response *next = &wire.answers[wire.count];
  next->status = status;
  next->connection = true;
  strcpy(next->retry_after, retry_after);
  strcpy(next->type, "application/x-protobuf");
  wire.bodies[wire.count++] = "";
}

/* Exports three spans. */
static void run(void) {
  struct tel_span *spans[3];
  struct tel_wire wires[3];
  for (int i = 0; i < 3; i++) {
    spans[i] = tel_span_start(&f.tracer, "span", TEL_SPAN_INTERNAL, NULL, NULL, 1);
    ck_assert(tel_span_seal(spans[i]));
    wires[i] = spans[i]->wire;
  }
  result = (struct tel_export_result){.reason = TEL_DROP_EXPORT_FAILED};
  exporter.export(exporter.cls, wires, 3, wire.now + 30 * CLOCK_NS_PER_S, &result);
  for (int i = 0; i < 3; i++) tel_span_release(spans[i]);
}

static void failed(const char *text) {
  ck_assert_uint_eq(result.delivered + result.rejected, 0);
  ck_assert_int_eq(result.reason, TEL_DROP_EXPORT_FAILED);
  ck_assert_msg(strstr(result.text, text) != NULL, "%s", result.text);
}

START_TEST(test_success) {
  setup();
  answer(200, "");
  run();
  ck_assert_uint_eq(result.delivered, 3);
  ck_assert_str_eq(result.text, "");
  ck_assert_uint_eq(wire.posts, 1);
  ck_assert_uint_eq(wire.deadline, mono_start + 10 * CLOCK_NS_PER_S); /* the exporter's own is earlier */
  teardown();
}
END_TEST

START_TEST(test_final_statuses) {
  static const int statuses[] = {100, 301, 302, 400, 401, 403, 404, 408, 413, 500, 501, 505, 599};
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    setup();
    answer(statuses[i], "1"); /* a Retry-After makes no difference */
    run();
    failed("responded with");
    ck_assert_uint_eq(wire.posts, 1);
    ck_assert_uint_eq(wire.pauses, 0);
    teardown();
  }
}
END_TEST

START_TEST(test_retried_statuses) {
  static const int statuses[] = {429, 502, 503, 504, 0};
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    setup();
    answer(statuses[i], "");
    answer(statuses[i], "");
    answer(200, "");
    run();
    ck_assert_uint_eq(result.delivered, 3);
    ck_assert_str_eq(result.text, ""); /* nothing was lost, so there is nothing to say */
    ck_assert_uint_eq(wire.posts, 3);
    ck_assert_uint_eq(wire.pauses, 2);
    ck_assert_uint_ge(wire.paused[0], 250 * CLOCK_NS_PER_MS);
    ck_assert_uint_le(wire.paused[0], 500 * CLOCK_NS_PER_MS);
    ck_assert_uint_ge(wire.paused[1], 500 * CLOCK_NS_PER_MS);
    ck_assert_uint_le(wire.paused[1], 1000 * CLOCK_NS_PER_MS);
    teardown();
  }
}
END_TEST

START_TEST(test_other_failures_are_final) {
  setup();
  answer(0, "");
  wire.answers[0].connection = false;
  strcpy(wire.answers[0].text, "a bad certificate");
  run();
  failed("a bad certificate");
  ck_assert_uint_eq(wire.posts, 1);
  teardown();
}
END_TEST

START_TEST(test_gives_up_at_the_timeout) {
  setup();
  answer(503, "");
  run();
  failed("503");
  ck_assert_uint_ge(wire.posts, 4);
  ck_assert_uint_le(wire.now, mono_start + 10 * CLOCK_NS_PER_S);
  teardown();
}
END_TEST

/* The failure before a retry that ran into the timeout says more. */
START_TEST(test_a_retry_cut_by_the_timeout) {
  for (int tries = 1; tries <= 2; tries++) {
    setup();
    wire.post_takes = (tries == 2 ? 6 : 11) * CLOCK_NS_PER_S;
    if (tries == 2) answer(502, "");
    answer(0, "");
    strcpy(wire.answers[tries - 1].text, "timed out");
    run();
    failed(tries == 2 ? "responded with 502" : "timed out");
    ck_assert_uint_eq(wire.posts, (size_t)tries);
    teardown();
  }
}
END_TEST

START_TEST(test_retry_after) {
  setup();
  answer(503, "3");
  answer(429, "Sun, 06 Nov 1994 08:49:44 GMT"); /* four seconds later */
  answer(502, "nonsense");
  answer(200, "");
  run();
  ck_assert_uint_eq(result.delivered, 3);
  ck_assert_uint_eq(wire.pauses, 3);
  ck_assert_uint_eq(wire.paused[0], 3 * CLOCK_NS_PER_S);
  ck_assert_uint_eq(wire.paused[1], 4 * CLOCK_NS_PER_S);
  ck_assert_uint_le(wire.paused[2], 2 * CLOCK_NS_PER_S);
  teardown();
}
END_TEST

/* The backoff applies, so that retries do not flood the collector. */
START_TEST(test_retry_after_of_zero) {
  static const char *const values[] = {"0", "Sun, 06 Nov 1994 08:49:36 GMT"};
  for (int i = 0; i < 2; i++) {
    setup();
    answer(503, values[i]);
    answer(200, "");
    run();
    ck_assert_uint_eq(result.delivered, 3);
    ck_assert_uint_eq(wire.pauses, 1);
    ck_assert_uint_ge(wire.paused[0], 250 * CLOCK_NS_PER_MS);
    ck_assert_uint_le(wire.paused[0], 500 * CLOCK_NS_PER_MS);
    teardown();
  }
}
END_TEST

START_TEST(test_retry_after_beyond_the_timeout) {
  setup();
  answer(503, "25");
  answer(200, "");
  run();
  failed("503");
  ck_assert_uint_eq(wire.posts, 1);
  ck_assert_uint_eq(wire.pauses, 0);
  run(); /* also holds for the next ones: this one waits its own ten seconds and sends nothing */
  failed("Retry-After is longer");
  ck_assert_uint_eq(wire.posts, 1);
  ck_assert_uint_eq(wire.now, mono_start + 10 * CLOCK_NS_PER_S);
  wire.now = mono_start + 20 * CLOCK_NS_PER_S;
  run();
  ck_assert_uint_eq(result.delivered, 3);
  ck_assert_uint_eq(wire.now, mono_start + 25 * CLOCK_NS_PER_S);
  teardown();
}
END_TEST

START_TEST(test_stop_ends_a_backoff_with_one_last_try) {
  setup();
  answer(503, "");
  wire.stops_in_pause = 1;
  run();
  failed("503");
  ck_assert_uint_eq(wire.posts, 2);
  ck_assert_uint_eq(wire.now, mono_start);
  run(); /* stopping: no backoff begins */
  ck_assert_uint_eq(wire.posts, 3);
  ck_assert_uint_eq(wire.pauses, 1);
  teardown();
}
END_TEST

/* ExportTraceServiceResponse, written by hand. */
START_TEST(test_partial_success) {
  static const char rejected[] = "\x0a\x0c\x08\x02\x12\x08too old\n", warning[] = "\x0a\x08\x12\x06slower";
  static const char too_many[] = "\x0a\x02\x08\x63", unknown[] = "\x12\x01x";
  setup();
  for (int i = 0; i < 4; i++) answer(200, "");
#define BODY(n, text) (wire.bodies[n] = (text), wire.body_lens[n] = sizeof(text) - 1)
  BODY(0, rejected), BODY(1, warning), BODY(2, too_many), BODY(3, unknown);
  run();
  ck_assert_uint_eq(result.rejected, 2);
  ck_assert_uint_eq(result.delivered, 1);
  ck_assert_str_eq(result.text, "the collector rejected spans: too old?");
  run();
  ck_assert_uint_eq(result.delivered, 3);
  ck_assert_str_eq(result.text, "slower");
  run();
  ck_assert_uint_eq(result.rejected, 3);
  ck_assert_str_eq(result.text, "the collector rejected spans");
  run();
  ck_assert_uint_eq(result.delivered, 3);
  ck_assert_str_eq(result.text, "");
  ck_assert_uint_eq(wire.posts, 4); /* never retried */
  teardown();
}
END_TEST

START_TEST(test_a_message_is_text) {
  static const struct {
    const char *sent, *shown;
  } cases[] = {
      {"zu gro\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8D\xB5", "zu gro\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8D\xB5"},
      {"a\x1b[0m\t\x7f", "a?[0m??"},
      {"a\xC2\x85\xC2\x9B\xC2\xA0", "a????\xC2\xA0"},
      {"\xFF\xE2\x82z\xC3", "???z?"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char body[64], message[64], cut[5];
    uint64_t rejected;
    size_t len = strlen(cases[i].sent);
    int size = snprintf(body, sizeof body, "\x0a%c\x12%c%s", (int)len + 2, (int)len, cases[i].sent);
    ck_assert(tel_otlp_decode_response(body, (size_t)size, &rejected, message, sizeof message));
    ck_assert_str_eq(message, cases[i].shown);
    ck_assert(tel_otlp_decode_response(body, (size_t)size, &rejected, cut, sizeof cut));
    ck_assert_msg(utf8_valid(cut, strlen(cut)) && strncmp(cut, message, strlen(cut)) == 0, "%s", cut);
  }
}
END_TEST

static const struct {
  int status;
  const char *type, *body;
  bool ours;
} successes[] = {
    {200, "application/x-protobuf", "", true},
    {200, "Application/X-Protobuf; charset=utf-8", "", true},
    {200, "application/protobuf", "", true},
    {200, "", "", true}, /* an empty message, without its type */
    {201, "application/x-protobuf", "", false},
    {202, "", "", false},
    {204, "", "", false},
    {200, "text/html; charset=utf-8", "<!DOCTYPE html>", false},
    {200, "", "<html>", false},
    {200, "application/x-protobuf", "<html>", false},
    {200, "application/json", "{\"ok\":true}", false},
    {200, "application/json", "{}", false},
    {200, "text/plain", "", false},
    {200, "text/plain", "ok", false},
    {200, "", "\x1b[31m", false},
};

START_TEST(test_a_success_is_a_collectors) {
  char answered[64];
  for (size_t i = 0; i < sizeof successes / sizeof *successes; i++) {
    setup();
    answer(successes[i].status, "");
    strcpy(wire.answers[0].type, successes[i].type);
    wire.bodies[0] = successes[i].body;
    wire.body_lens[0] = strlen(successes[i].body);
    run();
    ck_assert_uint_eq(wire.posts, 1); /* some server accepted it: a retry changes nothing */
    ck_assert_uint_eq(result.delivered, successes[i].ours ? 3 : 0);
    ck_assert_uint_eq(result.rejected, 0);
    if (successes[i].ours) {
      ck_assert_int_eq(strstr(result.text, "without a Content-Type") != NULL, !*successes[i].type);
    } else {
      ck_assert_int_eq(result.reason, TEL_DROP_NOT_OTLP);
      snprintf(answered, sizeof answered, "http://localhost:4318/v1/traces responded with %d",
               successes[i].status);
      ck_assert_ptr_nonnull(strstr(result.text, answered));
      ck_assert_ptr_nonnull(strstr(result.text, *successes[i].type ? successes[i].type : "no Content-Type"));
      ck_assert_ptr_nonnull(strstr(result.text, "4318"));
      ck_assert_ptr_null(strchr(result.text, '\x1b'));
    }
    teardown();
  }
}
END_TEST

START_TEST(test_failures_say_what_to_do) {
  static const struct {
    int status;
    const char *advice;
  } cases[] = {{401, "OTEL_EXPORTER_OTLP_HEADERS"},
               {404, "/v1/traces"},
               {308, "redirects are not followed"},
               {413, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"},
               {415, "protobuf"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    setup();
    answer(cases[i].status, "");
    strcpy(wire.answers[0].via, "http://proxy.test:3128 (http_proxy)");
    run();
    failed(cases[i].advice);
    failed("through the proxy http://proxy.test:3128 (http_proxy)");
    teardown();
  }
}
END_TEST

/* A request has at most 64 MiB. */
START_TEST(test_too_large_for_one_request) {
  enum { SPANS = 3, SIZE = 30 * 1024 * 1024 };
  struct tel_span *spans[SPANS];
  struct tel_wire wires[SPANS];
  char *text = malloc(SIZE);
  memset(text, 'x', SIZE);
  setup();
  answer(200, "");
  for (int i = 0; i < SPANS; i++) {
    spans[i] = tel_span_start(&f.tracer, "span", TEL_SPAN_INTERNAL, NULL, NULL, 1);
    tel_attributes_set_text(tel_span_attributes(spans[i]), "large", text, SIZE);
  }
  /* The last span alone is too large. */
  tel_attributes_set_text(tel_span_attributes(spans[2]), "two", text, SIZE);
  tel_attributes_set_text(tel_span_attributes(spans[2]), "three", text, SIZE);
  for (int i = 0; i < SPANS; i++) {
    ck_assert(tel_span_seal(spans[i]));
    wires[i] = spans[i]->wire;
  }
  result = (struct tel_export_result){.reason = TEL_DROP_EXPORT_FAILED};
  exporter.export(exporter.cls, wires, SPANS, UINT64_MAX, &result);
  ck_assert_uint_eq(result.delivered, 2);
  ck_assert_uint_eq(result.rejected, 0);
  ck_assert_int_eq(result.reason, TEL_DROP_EXPORT_FAILED);
  ck_assert_str_ne(result.text, "");
  for (int i = 0; i < SPANS; i++) tel_span_release(spans[i]);
  teardown();
  free(text);
}
END_TEST

static void count_in(void *cls, enum tel_report what, const char *text) {
  (void)what, (void)text;
  ++*(int *)cls;
}

/* The registry and the receiver of reports are freed after a stop that left the exporter's thread behind.
 * When its request finally ends, it must not use them. */
START_TEST(test_a_thread_that_comes_back_late) {
  const struct tel_transport transport = {post, pause_until, mono, unix_time, stopping, stop, release, NULL};
  static struct tel_trace_metrics metrics;
  static struct tel_attributes *about;
  int *reports = calloc(1, sizeof *reports);
  const struct tel_tracing_events events = {count_in, reports};
  struct tel_registry *registry = tel_registry_new(NULL);
  memset(&wire, 0, sizeof wire);
  wire.now = mono_start;
  fixture_init(&f);
  f.tracer.settings.batch_size = 1;
  fixture_open(&f, &events);
  metrics = (struct tel_trace_metrics){.counts = &f.counts, .batch = f.tracer.batch};
  about = tel_resource_new(&f.tracer.settings, "1", "id");
  ck_assert_int_eq(tel_trace_metrics_register(&metrics, 1, registry), TEL_OK);
  ck_assert_int_eq(tel_otlp_exporter_with(&transport, &f.tracer.settings, about, &metrics, &exporter),
                   TEL_OK);
  answer(503, "");
  atomic_store(&wire.hangs, true);
  ck_assert_int_eq(tel_batch_start(f.tracer.batch, &exporter, metrics.duration), TEL_OK);
  fixture_emit(&f, 3);
  while (!atomic_load(&wire.hung)) sched_yield();
  ck_assert(!fixture_close(&f, clock_mono_ns() + CLOCK_NS_PER_MS));
  ck_assert_uint_eq(fixture_dropped(&f, TEL_DROP_SHUTDOWN), 3);
  ck_assert(fixture_balanced(&f));
  tel_registry_free(registry);
  free(reports);
  ck_assert_uint_eq(threads_named("span-exporter"), 1);
  atomic_store(&wire.hangs, false);
  threads_wait("span-exporter");
  ck_assert_uint_eq(wire.posts, 1);
  ck_assert(fixture_balanced(&f)); /* nothing was counted twice */
}
END_TEST

TEST_MAIN("otlp_exporter", test_success, test_final_statuses, test_retried_statuses,
          test_other_failures_are_final, test_gives_up_at_the_timeout, test_a_retry_cut_by_the_timeout,
          test_retry_after, test_retry_after_of_zero, test_retry_after_beyond_the_timeout,
          test_stop_ends_a_backoff_with_one_last_try, test_partial_success, test_a_message_is_text,
          test_a_success_is_a_collectors, test_failures_say_what_to_do, test_too_large_for_one_request,
          test_a_thread_that_comes_back_late)
