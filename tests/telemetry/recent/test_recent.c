/* SPDX-License-Identifier: MIT */
/* The store of recent traces: what it keeps, what it drops first, and what readers get. */
#include <jansson.h>

#include "support/test.h"
#include "telemetry/recent/recent_fixture.h"

#define MS CLOCK_NS_PER_MS

static struct fixture f;
static const struct tel_recent_filter all = {NULL, -1, -1};

static struct tel_recent_list list(const struct tel_recent_filter *filter, size_t limit) {
  struct tel_recent_list out;
  ck_assert_int_eq(tel_recent_list_new(f.tracer.recent, filter, limit, &out), TEL_OK);
  return out;
}

static size_t count(struct tel_recent_filter filter) {
  struct tel_recent_list out = list(&filter, 100000);
  tel_recent_list_free(&out);
  return out.count;
}

static struct tel_recent_trace *get(const struct tel_context *context) {
  struct tel_recent_trace *trace = NULL;
  int error = tel_recent_trace_new(f.tracer.recent, context->trace_id, &trace);
  ck_assert(error == TEL_OK || error == TEL_E_VALUE);
  ck_assert_int_eq(trace != NULL, error == TEL_OK);
  ck_assert_int_eq(tel_recent_has(f.tracer.recent, context->trace_id), trace != NULL);
  return trace;
}

START_TEST(test_summary) {
  struct tel_context context;
  recent_fixture_open(&f, 1 << 20);
  recent_fixture_make(&f, (struct made){"/a", 5 * MS, false, 0}, NULL);
  recent_fixture_make(&f, (struct made){"/b", 2000 * MS, true, 0}, &context);
  struct tel_recent_list out = list(&all, 10);
  ck_assert_uint_eq(out.count, 2);
  const struct tel_recent_summary *newest = &out.items[0], *oldest = &out.items[1];
  ck_assert_mem_eq(newest->trace_id, context.trace_id, 16);
  ck_assert_str_eq(newest->name, "Root");
  ck_assert_str_eq(newest->route, "/b");
  ck_assert_str_eq(newest->method, "POST");
  ck_assert_uint_eq(newest->status, 201);
  ck_assert_uint_eq(newest->spans, 2);
  ck_assert_uint_eq(newest->duration_ns, 2000 * MS);
  ck_assert_str_eq(tel_recent_class_name(newest->latency_class), "1s");
  ck_assert(newest->error);
  ck_assert_str_eq(newest->error_type, "broken");
  ck_assert(!oldest->error);
  ck_assert_str_eq(oldest->error_type, "");
  ck_assert_str_eq(tel_recent_class_name(oldest->latency_class), "1ms");
  ck_assert_uint_gt(out.held_bytes, 0);
  tel_recent_list_free(&out);
  out = list(&all, 1);
  ck_assert_uint_eq(out.count, 1);
  tel_recent_list_free(&out);
  recent_fixture_close(&f);
}
END_TEST

START_TEST(test_filter_and_table) {
  recent_fixture_open(&f, 1 << 20);
  static const uint64_t durations[] = {1, 10000, 99999, 2 * MS, 10 * MS, 100 * MS, 1000 * MS, 60000 * MS};
  static const int classes[] = {0, 1, 1, 3, 4, 5, 6, 7};
  for (size_t i = 0; i < 8; i++) {
    recent_fixture_make(&f, (struct made){"/a", durations[i], false, 0}, NULL);
    recent_fixture_make(&f, (struct made){"/b", durations[i], i % 2, 0}, NULL);
  }
  struct tel_recent_row rows[TEL_RECENT_ROUTES];
  ck_assert_uint_eq(tel_recent_table(f.tracer.recent, rows), 2);
  for (int c = 0; c < TEL_RECENT_CLASSES; c++) {
    size_t wanted = 0;
    for (size_t i = 0; i < 8; i++) wanted += classes[i] == c;
    ck_assert_uint_eq(rows[0].counts[c][0], wanted);
    ck_assert_uint_eq(rows[1].counts[c][0] + rows[1].counts[c][1], wanted);
    ck_assert_uint_eq(count((struct tel_recent_filter){"/a", c, -1}), wanted);
    ck_assert_uint_eq(count((struct tel_recent_filter){"/b", c, 1}), rows[1].counts[c][1]);
  }
  ck_assert_str_eq(rows[1].route, "/b");
  ck_assert_uint_eq(count((struct tel_recent_filter){NULL, -1, 1}), 4);
  ck_assert_uint_eq(count((struct tel_recent_filter){"/c", -1, -1}), 0);
  recent_fixture_close(&f);
}
END_TEST

START_TEST(test_bound) {
  recent_fixture_open(&f, TEL_RECENT_BYTES_MIN);
  uint64_t made = 0, most = 0;
  for (unsigned seed = 1; made < 3000; made++) {
    seed = seed * 1103515245 + 12345;
    recent_fixture_make(
        &f, (struct made){seed & 4 ? "/a" : "/b", seed % 4000 * MS, seed % 5 == 0, seed / 65536 % 3000},
        NULL);
    struct tel_recent_list out = list(&all, 1);
    ck_assert_uint_le(out.held_bytes, out.capacity_bytes * 3 / 4);
    if (out.held_bytes > most) most = out.held_bytes;
    tel_recent_list_free(&out);
  }
  ck_assert_uint_gt(most, TEL_RECENT_BYTES_MIN / 4);
  ck_assert_uint_gt(recent_fixture_discarded(&f, TEL_RECENT_EVICTED), 2000);
  ck_assert_uint_eq(recent_fixture_discarded(&f, TEL_RECENT_EVICTED) + count(all), made);
  /* No chunk is lost: each belongs to a kept trace or is free. */
  size_t free_chunks = 0, total = 0;
  void *taken[1000];
  while ((taken[free_chunks] = tel_pool_take(f.tracer.recent->pool))) free_chunks++;
  total = free_chunks + atomic_load(&f.tracer.recent->held_chunks);
  ck_assert_uint_le(total * (TEL_RECENT_CHUNK + 4) + sizeof(struct tel_recent), TEL_RECENT_BYTES_MIN);
  ck_assert_uint_gt((total + 3) * (TEL_RECENT_CHUNK + 4) + sizeof(struct tel_recent), TEL_RECENT_BYTES_MIN);
  recent_fixture_close(&f);
}
END_TEST

START_TEST(test_flood_keeps_slow_and_failed) {
  struct tel_context slow, failed, other, newest;
  recent_fixture_open(&f, TEL_RECENT_BYTES_MIN);
  recent_fixture_make(&f, (struct made){"/a", 20000 * MS, false, 0}, &slow);
  recent_fixture_make(&f, (struct made){"/a", 1 * MS, true, 0}, &failed);
  recent_fixture_make(&f, (struct made){"/b", 1 * MS, false, 0}, &other);
  for (int i = 0; i < 5000; i++) recent_fixture_make(&f, (struct made){"/a", 1 * MS, false, 0}, &newest);
  const struct tel_context *kept[] = {&slow, &failed, &other, &newest};
  for (size_t i = 0; i < 4; i++) {
    struct tel_recent_trace *trace = get(kept[i]);
    ck_assert_ptr_nonnull(trace);
    ck_assert_uint_eq(trace->span_count, 2);
    tel_recent_trace_free(trace);
  }
  recent_fixture_close(&f);
}
END_TEST

START_TEST(test_trace) {
  static const char hostile[] = "<b>\"\\\x01\xff";
  struct tel_context context, to = {.trace_id = {7}, .span_id = {8}};
  recent_fixture_open(&f, 1 << 20);
  struct tel_span *root = tel_span_start(&f.tracer, "Root", TEL_SPAN_SERVER, NULL, NULL, 0);
  context = *tel_span_context(root);
  struct tel_span *first = tel_span_start_child(&f.tracer, "First", TEL_SPAN_INTERNAL, root);
  struct tel_span *inner = tel_span_start_child(&f.tracer, "Inner", TEL_SPAN_CLIENT, first);
  struct tel_span *second = tel_span_start_child(&f.tracer, "Second", TEL_SPAN_INTERNAL, root);
  tel_attributes_set_string(tel_span_attributes(root), "text", hostile);
  tel_attributes_set_int(tel_span_attributes(root), "int", -5);
  tel_attributes_set_double(tel_span_attributes(root), "double", 0.5);
  tel_attributes_set_bool(tel_span_attributes(root), "bool", true);
  tel_attributes_set_int(tel_span_add_event(inner, "event"), "number", 3);
  tel_attributes_set_string(tel_span_add_link(root, &to), "why", "because");
  tel_span_set_status(inner, TEL_STATUS_ERROR, "broken");
  ck_assert_ptr_null(get(&context)); /* not before its last span has ended */
  tel_span_end(second, 0);
  tel_span_end(root, 0);
  tel_span_end(inner, 0);
  ck_assert_ptr_null(get(&context));
  tel_span_end(first, 0);

  struct tel_recent_trace *trace = get(&context);
  static const char *const names[] = {"Root", "First", "Inner", "Second"};
  static const unsigned depths[] = {0, 1, 2, 1};
  ck_assert_uint_eq(trace->span_count, 4);
  for (size_t i = 0; i < 4; i++) {
    ck_assert_str_eq(trace->spans[i].name, names[i]);
    ck_assert_uint_eq(trace->spans[i].depth, depths[i]);
  }
  struct buf out = BUF_INIT(1 << 20);
  tel_recent_trace_json(trace, &out);
  json_t *json = json_loads(buf_cstr(&out), JSON_REJECT_DUPLICATES, NULL);
  ck_assert_ptr_nonnull(json);
  json_t *span = json_array_get(json_object_get(json, "spans"), 0),
         *attributes = json_object_get(span, "attributes");
  ck_assert(json_is_null(json_object_get(span, "parent_span_id")));
  ck_assert_str_eq(json_string_value(json_object_get(span, "kind")), "server");
  ck_assert_str_eq(json_string_value(json_object_get(attributes, "text")), "<b>\"\\\x01\xEF\xBF\xBD");
  ck_assert_int_eq(json_integer_value(json_object_get(attributes, "int")), -5);
  ck_assert_double_eq(json_real_value(json_object_get(attributes, "double")), 0.5);
  ck_assert(json_is_true(json_object_get(attributes, "bool")));
  json_t *link = json_array_get(json_object_get(span, "links"), 0);
  ck_assert_str_eq(json_string_value(json_object_get(link, "span_id")), "0800000000000000");
  span = json_array_get(json_object_get(json, "spans"), 2);
  ck_assert_str_eq(json_string_value(json_object_get(json_object_get(span, "status"), "message")), "broken");
  json_t *event = json_array_get(json_object_get(span, "events"), 0);
  ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(event, "attributes"), "number")), 3);
  json_decref(json);
  buf_free(&out);
  tel_recent_trace_free(trace);
  recent_fixture_close(&f);
}
END_TEST

/* All requests of one caller's trace are on one page; of very many, the newest. */
START_TEST(test_several_requests_of_a_trace) {
  struct tel_context parent = {.trace_id = {1, 2}, .span_id = {9}, .flags = TEL_FLAG_SAMPLED, .remote = true};
  recent_fixture_open(&f, 1 << 20);
  for (int i = 0; i < 100; i++) {
    struct tel_span *root = tel_span_start(&f.tracer, "Root", TEL_SPAN_SERVER, &parent, NULL, 0);
    parent = *tel_span_context(root); /* the next one is below this one */
    parent.remote = true;
    tel_span_end(root, 0);
    struct tel_recent_trace *trace = get(&parent);
    ck_assert_uint_eq(trace->span_count, i < 32 ? i + 1 : 32);
    ck_assert_uint_eq(trace->spans[trace->span_count - 1].depth, trace->span_count - 1);
    tel_recent_trace_free(trace);
  }
  recent_fixture_close(&f);
}
END_TEST

START_TEST(test_what_cannot_be_kept) {
  struct tel_context context;
  ck_assert_int_eq(tel_recent_new(TEL_RECENT_BYTES_MIN - 1, &(struct tel_recent *){NULL}), TEL_E_VALUE);
  recent_fixture_open(&f, TEL_RECENT_BYTES_MIN);
  recent_fixture_make(&f, (struct made){"/a", MS, false, 60000}, &context);
  ck_assert_ptr_null(get(&context));
  ck_assert_uint_eq(recent_fixture_discarded(&f, TEL_RECENT_TOO_LARGE), 1);
  /* Open traces use all memory: later traces are not kept, but these are. */
  struct tel_span *open[1000];
  size_t started = 0;
  do open[started] = tel_span_start(&f.tracer, "Root", TEL_SPAN_SERVER, NULL, NULL, 0);
  while (open[started]->recent && ++started < 1000);
  ck_assert_uint_eq(recent_fixture_discarded(&f, TEL_RECENT_FULL), 1);
  ck_assert_uint_gt(started, 50);
  for (size_t i = 0; i <= started; i++) tel_span_end(open[i], 0); /* the first finds no chunk for its copy */
  ck_assert_uint_gt(count(all), 0);
  ck_assert_uint_eq(count(all) + recent_fixture_discarded(&f, TEL_RECENT_FULL) +
                        recent_fixture_discarded(&f, TEL_RECENT_EVICTED),
                    started + 1);
  recent_fixture_make(&f, (struct made){"/a", MS, false, 0}, &context);
  struct tel_recent_trace *trace = get(&context);
  ck_assert_ptr_nonnull(trace);
  tel_recent_trace_free(trace);
  recent_fixture_close(&f);
}
END_TEST

START_TEST(test_many_routes) {
  static char routes[100][16];
  recent_fixture_open(&f, 1 << 20);
  for (int i = 0; i < 100; i++) {
    snprintf(routes[i], sizeof routes[i], "/%d", i);
    recent_fixture_make(&f, (struct made){routes[i], MS, false, 0}, NULL);
  }
  struct tel_recent_row rows[TEL_RECENT_ROUTES];
  ck_assert_uint_eq(tel_recent_table(f.tracer.recent, rows), TEL_RECENT_ROUTES);
  ck_assert_str_eq(rows[TEL_RECENT_ROUTES - 1].name, "other");
  ck_assert_uint_eq(rows[TEL_RECENT_ROUTES - 1].counts[3][0], 100 - TEL_RECENT_ROUTES + 1);
  recent_fixture_close(&f);
}
END_TEST

/* A reader holds the lock: requests continue, and their traces appear afterwards. If they waited for the
 * lock, the test would hang. */
START_TEST(test_requests_do_not_wait_for_a_reader) {
  recent_fixture_open(&f, 1 << 20);
  tel_recent_lock(f.tracer.recent);
  for (int i = 0; i < 10; i++) recent_fixture_make(&f, (struct made){"/a", MS, false, 0}, NULL);
  tel_recent_unlock(f.tracer.recent);
  ck_assert_uint_eq(count(all), 10);
  recent_fixture_close(&f);
}
END_TEST

START_TEST(test_unsampled) {
  recent_fixture_open(&f, 1 << 20);
  const struct tel_context no = {.trace_id = {1}, .span_id = {1}, .remote = true};
  struct tel_span *span = tel_span_start(&f.tracer, "Root", TEL_SPAN_SERVER, &no, NULL, 0);
  ck_assert(!tel_context_sampled(tel_span_context(span)));
  tel_span_end(span, 0);
  ck_assert_uint_eq(count(all), 0);
  recent_fixture_close(&f);
}
END_TEST

TEST_MAIN("recent", test_summary, test_filter_and_table, test_bound, test_flood_keeps_slow_and_failed,
          test_trace, test_several_requests_of_a_trace, test_what_cannot_be_kept, test_many_routes,
          test_requests_do_not_wait_for_a_reader, test_unsampled)
