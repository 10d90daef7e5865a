/* SPDX-License-Identifier: MIT */
/* Concurrent writers and readers, for ThreadSanitizer. A reader must see only complete traces. */
#include <pthread.h>

#include "support/test.h"
#include "telemetry/recent/recent_fixture.h"

enum { WRITERS = 4, TRACES = 3000 };

static struct fixture f;
static _Atomic bool stop;

static void *end_child(void *cls) {
  tel_span_end(cls, 0);
  return NULL;
}

static void *write_traces(void *cls) {
  static const char *const routes[] = {"/a", "/b", "/c"};
  (void)cls;
  for (int i = 0; i < TRACES; i++) {
    recent_fixture_make(
        &f,
        (struct made){routes[i % 3], (uint64_t)(i % 2000) * CLOCK_NS_PER_MS, i % 7 == 0, (size_t)(i % 500)},
        NULL);
    if (i % 100) continue;
    struct tel_span *root = tel_span_start(&f.tracer, "Root", TEL_SPAN_SERVER, NULL, NULL, 0);
    pthread_t other;
    ck_assert_int_eq(pthread_create(&other, NULL, end_child,
                                    tel_span_start_child(&f.tracer, "Child", TEL_SPAN_INTERNAL, root)),
                     0);
    tel_span_end(root, 0);
    pthread_join(other, NULL);
  }
  return NULL;
}

static void *read_traces(void *cls) {
  const struct tel_recent_filter all = {NULL, -1, -1};
  struct tel_recent_row rows[TEL_RECENT_ROUTES];
  struct tel_recent_list list;
  (void)cls;
  while (!atomic_load(&stop)) {
    tel_recent_table(f.tracer.recent, rows);
    ck_assert_int_eq(tel_recent_list_new(f.tracer.recent, &all, 1000, &list), TEL_OK);
    ck_assert_uint_le(list.held_bytes, list.capacity_bytes);
    for (size_t i = 0; i < list.count; i += 10) {
      struct tel_recent_trace *trace;
      if (tel_recent_trace_new(f.tracer.recent, list.items[i].trace_id, &trace) != TEL_OK) continue;
      ck_assert_uint_eq(trace->span_count, 2);
      ck_assert_uint_eq(trace->spans[1].depth, 1);
      tel_recent_trace_free(trace);
    }
    tel_recent_list_free(&list);
  }
  return NULL;
}

START_TEST(test_writers_and_readers) {
  pthread_t writers[WRITERS], readers[2];
  recent_fixture_open(&f, 256 * 1024);
  for (int i = 0; i < 2; i++) pthread_create(&readers[i], NULL, read_traces, NULL);
  for (int i = 0; i < WRITERS; i++) pthread_create(&writers[i], NULL, write_traces, NULL);
  for (int i = 0; i < WRITERS; i++) pthread_join(writers[i], NULL);
  atomic_store(&stop, true);
  for (int i = 0; i < 2; i++) pthread_join(readers[i], NULL);
  const struct tel_recent_filter all = {NULL, -1, -1};
  struct tel_recent_list list;
  ck_assert_int_eq(tel_recent_list_new(f.tracer.recent, &all, 100000, &list), TEL_OK);
  uint64_t gone = 0;
  for (int i = 0; i < TEL_RECENT_DISCARD_COUNT; i++)
    gone += recent_fixture_discarded(&f, (enum tel_recent_discard)i);
  ck_assert_uint_eq(list.count + gone, WRITERS * (TRACES + TRACES / 100));
  tel_recent_list_free(&list);
  recent_fixture_close(&f);
}
END_TEST

TEST_MAIN("recent_threads", test_writers_and_readers)
