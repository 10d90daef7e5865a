/* SPDX-License-Identifier: MIT */
#include "telemetry/traces/batch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "support/test.h"
#include "telemetry/traces/failure_report.h"
#include "telemetry/traces/tracer_fixture.h"

/* An exporter that records the sizes of its batches, and waits while its gate is closed. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  size_t sizes[64], batches, spans;
  bool closed, opens_at_stop, fails;
  uint64_t deadline;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void export(void *cls, const struct tel_wire *spans, size_t count, uint64_t deadline,
                   struct tel_export_result *result) {
  (void)cls;
  (void)spans;
  pthread_mutex_lock(&sink.lock);
  sink.sizes[sink.batches++] = count;
  sink.spans += count;
  sink.deadline = deadline;
  pthread_cond_broadcast(&sink.changed);
  while (sink.closed) pthread_cond_wait(&sink.changed, &sink.lock);
  if (sink.fails)
    snprintf(result->text, sizeof result->text, "told to");
  else
    result->delivered = count;
  pthread_mutex_unlock(&sink.lock);
}

static void set_gate(bool closed) {
  pthread_mutex_lock(&sink.lock);
  sink.closed = closed;
  pthread_cond_broadcast(&sink.changed);
  pthread_mutex_unlock(&sink.lock);
}

static void stop(void *cls, uint64_t deadline) {
  (void)cls;
  (void)deadline;
  if (sink.opens_at_stop) set_gate(false);
}

static void wait_for_batches(size_t batches) {
  pthread_mutex_lock(&sink.lock);
  while (sink.batches < batches) pthread_cond_wait(&sink.changed, &sink.lock);
  pthread_mutex_unlock(&sink.lock);
}

static struct fixture f;
static const uint64_t soon = 20 * CLOCK_NS_PER_S; /* as long as a test may take */

static void open_batch(uint32_t queue, uint32_t batch, uint32_t delay_ms,
                       const struct tel_tracing_events *events) {
  const struct tel_exporter exporter = {export, stop, NULL, NULL};
  fixture_init(&f);
  f.tracer.settings.queue_size = queue;
  f.tracer.settings.batch_size = batch;
  f.tracer.settings.schedule_delay_ms = delay_ms;
  fixture_open(&f, events);
  ck_assert_int_eq(tel_batch_start(f.tracer.batch, &exporter, NULL), TEL_OK);
}

static const uint32_t never = 3600 * 1000;

/* Opens a batch whose exporter hangs with one batch of spans, so that the queue is empty. */
static void open_held(uint32_t queue, uint32_t batch) {
  open_batch(queue, batch, never, NULL);
  set_gate(true);
  fixture_emit(&f, batch);
  wait_for_batches(1);
}

START_TEST(test_full_batch_goes_at_once) {
  open_batch(100, 10, never, NULL);
  for (size_t i = 1; i <= 5; i++) {
    fixture_emit(&f, 10);
    wait_for_batches(i);
    ck_assert_uint_eq(sink.sizes[i - 1], 10);
  }
  fixture_emit(&f, 9); /* not a batch: waits */
  ck_assert(fixture_close(&f, clock_mono_ns() + soon));
  ck_assert_uint_eq(sink.batches, 6);
  ck_assert_uint_eq(sink.spans, 59);
  ck_assert_uint_eq(atomic_load(&f.counts.exported), 59);
  ck_assert(fixture_balanced(&f));
}
END_TEST

/* Four spans wake the exporter, and one span fills a request. The others must not wait for another delay. */
START_TEST(test_large_spans_go_one_after_the_other) {
  enum { LARGE = 5 * 1024 * 1024 };
  char *text = malloc(LARGE);
  memset(text, 'x', LARGE);
  open_batch(100, 4, never, NULL);
  for (int i = 0; i < 4; i++) {
    struct tel_span *span = tel_span_start(&f.tracer, "span", TEL_SPAN_INTERNAL, NULL, NULL, 0);
    tel_attributes_set_text(tel_span_attributes(span), "text", text, LARGE);
    tel_span_end(span, 0);
  }
  wait_for_batches(4);
  ck_assert_uint_eq(sink.spans, 4);
  ck_assert(fixture_close(&f, clock_mono_ns() + soon));
  free(text);
}
END_TEST

START_TEST(test_delay) {
  open_batch(100, 50, 20, NULL);
  fixture_emit(&f, 3);
  wait_for_batches(1);
  fixture_emit(&f, 2);
  wait_for_batches(2);
  ck_assert(fixture_close(&f, clock_mono_ns() + soon));
  ck_assert_uint_eq(sink.spans, 5);
}
END_TEST

START_TEST(test_flush) {
  open_batch(100, 30, never, NULL);
  fixture_emit(&f, 7);
  ck_assert(tel_batch_flush(f.tracer.batch, clock_mono_ns() + soon));
  ck_assert_uint_eq(sink.spans, 7);
  ck_assert(tel_batch_flush(f.tracer.batch, clock_mono_ns() + soon)); /* nothing there: done */
  set_gate(true);
  fixture_emit(&f, 3);
  ck_assert(!tel_batch_flush(f.tracer.batch, clock_mono_ns() + 20 * CLOCK_NS_PER_MS));
  set_gate(false);
  ck_assert(tel_batch_flush(f.tracer.batch, clock_mono_ns() + soon));
  sink.fails = true;
  fixture_emit(&f, 1);
  ck_assert(!tel_batch_flush(f.tracer.batch, clock_mono_ns() + soon));
  ck_assert_uint_eq(fixture_dropped(&f, TEL_DROP_EXPORT_FAILED), 1);
  ck_assert(fixture_close(&f, clock_mono_ns() + soon));
  ck_assert(fixture_balanced(&f));
}
END_TEST

START_TEST(test_flush_without_exporter) {
  fixture_init(&f);
  fixture_open(&f, NULL);
  ck_assert(tel_batch_flush(f.tracer.batch, 0));
  fixture_emit(&f, 1);
  ck_assert(!tel_batch_flush(f.tracer.batch, 0));
  ck_assert(fixture_close(&f, 0));
}
END_TEST

START_TEST(test_full_queue_drops_and_never_waits) {
  open_held(20, 10);
  fixture_emit(&f, 50);
  ck_assert_uint_eq(tel_batch_queued(f.tracer.batch), 20);
  ck_assert_uint_eq(fixture_dropped(&f, TEL_DROP_QUEUE_FULL), 30);
  set_gate(false);
  ck_assert(fixture_close(&f, clock_mono_ns() + soon));
  ck_assert_uint_eq(atomic_load(&f.counts.exported), 30);
  ck_assert(fixture_balanced(&f));
}
END_TEST

START_TEST(test_stop_exports_all_in_batches) {
  open_held(1000, 300);
  fixture_emit(&f, 700);
  sink.opens_at_stop = true;
  ck_assert(fixture_close(&f, clock_mono_ns() + soon));
  ck_assert_uint_eq(sink.spans, 1000);
  for (size_t i = 0; i < sink.batches; i++) ck_assert_uint_le(sink.sizes[i], 300);
  ck_assert(fixture_balanced(&f));
}
END_TEST

START_TEST(test_stop_drops_what_is_late) {
  open_held(1000, 10);
  fixture_emit(&f, 25);
  sink.opens_at_stop = true;
  ck_assert(fixture_close(&f, 0)); /* the deadline has passed: only the batch in flight is exported */
  ck_assert_uint_eq(atomic_load(&f.counts.exported), 10);
  ck_assert_uint_eq(fixture_dropped(&f, TEL_DROP_SHUTDOWN), 25);
  ck_assert(fixture_balanced(&f));
}
END_TEST

START_TEST(test_stop_leaves_an_exporter_that_hangs) {
  open_held(1000, 10);
  fixture_emit(&f, 5);
  ck_assert(!fixture_close(&f, clock_mono_ns() + CLOCK_NS_PER_MS));
  ck_assert_uint_eq(fixture_dropped(&f, TEL_DROP_SHUTDOWN), 15);
  ck_assert(fixture_balanced(&f));
}
END_TEST

static int failures, recoveries, warnings;
static char last[640];

static void note(void *cls, enum tel_report what, const char *text) {
  (void)cls;
  failures += what == TEL_REPORT_FAILED;
  recoveries += what == TEL_REPORT_RECOVERED;
  warnings += what == TEL_REPORT_WARNING;
  snprintf(last, sizeof last, "%s", text);
}

START_TEST(test_failures_are_said_once) {
  const struct tel_tracing_events events = {note, NULL};
  open_batch(100, 10, never, &events);
  sink.fails = true;
  for (int i = 0; i < 5; i++) {
    fixture_emit(&f, 2);
    ck_assert(!tel_batch_flush(f.tracer.batch, clock_mono_ns() + soon));
  }
  ck_assert_int_eq(failures, 1);
  ck_assert_str_eq(last, "spans could not be exported: told to (lost so far: 2)");
  sink.fails = false;
  for (int i = 0; i < 3; i++) {
    fixture_emit(&f, 1);
    ck_assert(tel_batch_flush(f.tracer.batch, clock_mono_ns() + soon));
  }
  ck_assert_int_eq(recoveries, 1);
  ck_assert_str_eq(last, "spans are exported again (lost so far: 10)");
  ck_assert(fixture_close(&f, clock_mono_ns() + soon));
}
END_TEST

START_TEST(test_report_rate) {
  struct tel_failure_report report = {.events = {note, NULL}};
  const uint64_t start = 77;
  failures = recoveries = 0;
  for (uint64_t second = 0; second < 180; second++)
    tel_failure_report_failed(&report, start + second * CLOCK_NS_PER_S, "x", second);
  ck_assert_int_eq(failures, 3); /* at 0, 60 and 120 */
  tel_failure_report_worked(&report, 180);
  tel_failure_report_worked(&report, 180);
  ck_assert_int_eq(recoveries, 1);
  /* A failure that starts and ends within the minute: neither is reported. */
  tel_failure_report_failed(&report, start + 170 * CLOCK_NS_PER_S, "x", 181);
  tel_failure_report_worked(&report, 181);
  ck_assert_int_eq(failures, 3);
  ck_assert_int_eq(recoveries, 1);
  tel_failure_report_failed(&report, start + 180 * CLOCK_NS_PER_S, "x", 182);
  ck_assert_int_eq(failures, 4);
  tel_failure_report_note(&report, "slow down");
  ck_assert_int_eq(warnings, 1);
  ck_assert_int_eq(recoveries, 1); /* a warning is not one */
}
END_TEST

TEST_MAIN("batch", test_full_batch_goes_at_once, test_large_spans_go_one_after_the_other, test_delay,
          test_flush, test_flush_without_exporter, test_full_queue_drops_and_never_waits,
          test_stop_exports_all_in_batches, test_stop_drops_what_is_late,
          test_stop_leaves_an_exporter_that_hangs, test_failures_are_said_once, test_report_rate)
