/* SPDX-License-Identifier: MIT */
/* Many threads start, fill and end spans while others flush and scrape; every one is accounted for. */
#include <pthread.h>

#include "base/clock.h"
#include "support/test.h"
#include "telemetry/recent/recent_part.h"
#include "telemetry/traces/tracer_fixture.h"

enum { THREADS = 4, EACH = 5000 };

static struct fixture f;
static _Atomic uint64_t seen, sum;
static _Atomic bool finished;

static void export(void *cls, const struct tel_wire *spans, size_t count, uint64_t deadline,
                   struct tel_export_result *result) {
  static struct tel_arena arena;
  (void)cls;
  (void)deadline;
  for (size_t i = 0; i < count; i++) {
    const struct tel_recent_copy copy = {spans[i].data, spans[i].len, false};
    struct tel_recent_span span;
    tel_arena_reset(&arena);
    if (!tel_recent_span_decode(&copy, &arena, &span)) abort();
    if (span.attributes.count != 2 || span.events.count != 1 || span.events.items[0].attributes.count != 1)
      abort();
    int64_t number = span.attributes.items[0].value.integer;
    if (number != span.events.items[0].attributes.items[0].value.integer) abort(); /* mixed from two spans */
    atomic_fetch_add(&sum, (uint64_t)number);
  }
  atomic_fetch_add(&seen, count);
  result->delivered = count;
  tel_arena_free(&arena);
}

static void *work(void *cls) {
  uint64_t *ended = cls; /* the sum of the numbers of this thread's spans */
  for (int i = 1; i <= EACH; i++) {
    struct tel_span *parent = tel_span_start(&f.tracer, "parent", TEL_SPAN_SERVER, NULL, NULL, 0);
    struct tel_span *child = tel_span_start_child(&f.tracer, "child", TEL_SPAN_INTERNAL, parent);
    struct tel_span *const spans[] = {child, parent};
    for (int s = 0; s < 2; s++) {
      tel_attributes_set_int(tel_span_attributes(spans[s]), "number", i);
      tel_attributes_set_string(tel_span_attributes(spans[s]), "text", "some text of the request");
      tel_attributes_set_int(tel_span_add_event(spans[s], "event"), "again", i);
      tel_span_end(spans[s], 0);
      *ended += (uint64_t)i;
    }
  }
  return NULL;
}

static void *disturb(void *cls) {
  (void)cls;
  while (!atomic_load(&finished)) {
    tel_batch_flush(f.tracer.batch, clock_mono_ns() + CLOCK_NS_PER_MS);
    if (tel_batch_queued(f.tracer.batch) > f.tracer.settings.queue_size) abort();
  }
  return NULL;
}

/* queue: large enough for all, or so small that many are dropped. */
static void run(uint32_t queue) {
  const struct tel_exporter exporter = {.export = export};
  pthread_t threads[THREADS], disturber;
  uint64_t ended[THREADS] = {0}, expected = 0;
  fixture_init(&f);
  f.tracer.settings.queue_size = queue;
  f.tracer.settings.batch_size = 64;
  f.tracer.settings.schedule_delay_ms = 10;
  fixture_open(&f, NULL);
  ck_assert_int_eq(tel_batch_start(f.tracer.batch, &exporter, NULL), TEL_OK);
  pthread_create(&disturber, NULL, disturb, NULL);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, &ended[i]);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    expected += ended[i];
  }
  atomic_store(&finished, true);
  pthread_join(disturber, NULL);
  ck_assert(fixture_close(&f, clock_mono_ns() + 30 * CLOCK_NS_PER_S));
  ck_assert_uint_eq(atomic_load(&f.counts.started), 2 * THREADS * EACH);
  ck_assert_uint_eq(atomic_load(&f.counts.exported), atomic_load(&seen));
  ck_assert_uint_eq(tel_span_counts_dropped(&f.counts), fixture_dropped(&f, TEL_DROP_QUEUE_FULL));
  ck_assert(fixture_balanced(&f));
  if (queue >= 2 * THREADS * EACH) {
    ck_assert_uint_eq(atomic_load(&seen), 2 * THREADS * EACH);
    ck_assert_uint_eq(atomic_load(&sum), expected);
  }
}

START_TEST(test_all_arrive) {
  run(2 * THREADS * EACH);
}
END_TEST

START_TEST(test_small_queue) {
  run(100);
}
END_TEST

TEST_MAIN("tracing_threads", test_all_arrive, test_small_queue)
