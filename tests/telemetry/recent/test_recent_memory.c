/* SPDX-License-Identifier: MIT */
/* Fails the first, second, third ... allocation of the store and of its readers until all succeed. Requests
 * allocate nothing. */
#include "support/allocations.h"
#include "support/test.h"
#include "telemetry/recent/recent_fixture.h"

static struct fixture f;
static struct tel_context context;

static bool make_store(void) {
  struct tel_recent *recent = NULL;
  int error = tel_recent_new(TEL_RECENT_BYTES_MIN, &recent);
  allocations_succeed();
  ck_assert_int_eq(error, recent ? TEL_OK : TEL_E_MEMORY);
  tel_recent_free(recent);
  return recent != NULL;
}

static bool make_tracing(void) {
  struct tel_tracing_settings settings;
  struct tel_tracing *tracing = NULL;
  tel_tracing_settings_init(&settings);
  settings.recent_bytes = TEL_RECENT_BYTES_MIN;
  int error = tel_tracing_new(&settings, "1", "id", NULL, NULL, &tracing);
  allocations_succeed();
  ck_assert_int_eq(error, tracing ? TEL_OK : TEL_E_MEMORY);
  tel_tracing_free(tracing, 0);
  return tracing != NULL;
}

static bool read_list(void) {
  const struct tel_recent_filter all = {NULL, -1, -1};
  struct tel_recent_list list = {0};
  int error = tel_recent_list_new(f.tracer.recent, &all, 10, &list);
  allocations_succeed();
  ck_assert_int_eq(error, list.items ? TEL_OK : TEL_E_MEMORY);
  tel_recent_list_free(&list);
  return !error;
}

static bool read_trace(void) {
  struct tel_recent_trace *trace = NULL;
  int error = tel_recent_trace_new(f.tracer.recent, context.trace_id, &trace);
  allocations_succeed();
  ck_assert_int_eq(error, trace ? TEL_OK : TEL_E_MEMORY);
  tel_recent_trace_free(trace);
  return !error;
}

START_TEST(test_walk) {
  ck_assert_uint_ge(allocations_walk(make_store), 4);
  ck_assert_uint_ge(allocations_walk(make_tracing), 10);
  recent_fixture_open(&f, 1 << 20);
  /* Texts larger than the arena's chunks. */
  struct tel_span *root = tel_span_start(&f.tracer, "Root", TEL_SPAN_SERVER, NULL, NULL, 0);
  static char text[40000];
  memset(text, 'x', sizeof text);
  context = *tel_span_context(root);
  for (int i = 0; i < 3; i++)
    tel_attributes_set_text(tel_span_add_event(root, "event"), "text", text, sizeof text);
  tel_span_end(root, 0);
  ck_assert_uint_ge(allocations_walk(read_list), 1);
  ck_assert_uint_ge(allocations_walk(read_trace), 3);
  recent_fixture_close(&f);
}
END_TEST

START_TEST(test_requests_allocate_nothing) {
  recent_fixture_open(&f, TEL_RECENT_BYTES_MIN);
  allocations_fail_at(UINT32_MAX);
  for (int i = 0; i < 1000; i++)
    recent_fixture_make(&f, (struct made){"/a", CLOCK_NS_PER_MS, i % 2, 100}, NULL);
  unsigned calls = allocations_count();
  allocations_succeed();
  ck_assert_uint_eq(calls, 0);
  recent_fixture_close(&f);
}
END_TEST

TEST_MAIN("recent_memory", test_walk, test_requests_allocate_nothing)
