/* SPDX-License-Identifier: MIT */
#include "tel/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "support/test.h"
#include "telemetry/metrics/exposition.h"
#include "telemetry/metrics/metrics_model.h"

#define VALUES(...) ((const char *const[]){__VA_ARGS__})

static int counter(struct tel_registry *registry, const char *name) {
  struct tel_family *family;
  return tel_counter_family(registry, &(struct tel_family_spec){.name = name}, &family);
}

static int gauge(struct tel_registry *registry, const char *name) {
  struct tel_family *family;
  return tel_gauge_family(registry, &(struct tel_family_spec){.name = name}, &family);
}

static int histogram(struct tel_registry *registry, const char *name) {
  struct tel_family *family;
  return tel_histogram_family(registry, &(struct tel_family_spec){.name = name}, &family);
}

START_TEST(test_names) {
  static const char *const bad[] = {"",      "_total", "a-b_total",      "0a_total", "_a_total", "a:b_total",
                                    "a_tot", "total",  "\xC3\xA9_total", " a_total", "a_total ", "a_Total"};
  struct tel_registry *registry = tel_registry_new(NULL);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_assert_msg(counter(registry, bad[i]) == TEL_E_NAME, "%s", bad[i]);
  ck_assert_int_eq(counter(registry, NULL), TEL_E_NAME);
  ck_assert_int_eq(gauge(registry, "a_total"), TEL_E_NAME);
  ck_assert_int_eq(histogram(registry, "a_total"), TEL_E_NAME);
  ck_assert_int_eq(counter(registry, "aZ_09_total"), 0);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_taken_names) {
  struct tel_registry *registry = tel_registry_new(NULL);
  ck_assert_int_eq(counter(registry, "a_total"), 0);
  ck_assert_int_eq(counter(registry, "a_total"), TEL_E_NAME);
  ck_assert_int_eq(gauge(registry, "a"), TEL_E_NAME);         /* the counter's name in OpenMetrics */
  ck_assert_int_eq(gauge(registry, "a_created"), TEL_E_NAME); /* reserved by OpenMetrics */
  ck_assert_int_eq(histogram(registry, "a"), TEL_E_NAME);
  ck_assert_int_eq(histogram(registry, "h"), 0);
  ck_assert_int_eq(gauge(registry, "h"), TEL_E_NAME);
  ck_assert_int_eq(gauge(registry, "h_bucket"), TEL_E_NAME);
  ck_assert_int_eq(gauge(registry, "h_sum"), TEL_E_NAME);
  ck_assert_int_eq(gauge(registry, "h_count"), TEL_E_NAME);
  ck_assert_int_eq(counter(registry, "h_count_total"), TEL_E_NAME);
  ck_assert_int_eq(gauge(registry, "g_sum"), 0);
  ck_assert_int_eq(histogram(registry, "g"), TEL_E_NAME); /* the other way round */
  ck_assert_int_eq(gauge(registry, "h_counts"), 0);
  ck_assert_int_eq(counter(registry, "h_of_total"), 0);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_units) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_family *family;
  struct tel_family_spec spec = {.name = "a_seconds_total", .unit = "total"};
  ck_assert_int_eq(tel_counter_family(registry, &spec, &family), TEL_E_NAME);
  spec.unit = "bytes";
  ck_assert_int_eq(tel_counter_family(registry, &spec, &family), TEL_E_NAME);
  spec.unit = "econds"; /* not a whole word */
  ck_assert_int_eq(tel_counter_family(registry, &spec, &family), TEL_E_NAME);
  spec.unit = "a_seconds"; /* nothing would be left */
  ck_assert_int_eq(tel_counter_family(registry, &spec, &family), TEL_E_NAME);
  spec.unit = "seconds";
  ck_assert_int_eq(tel_counter_family(registry, &spec, &family), 0);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_label_names) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_family *family;
  static const char *const bad[][2] = {{"a", "a"},        {"a", ""},    {"a-b", "c"},
                                       {"__name__", "b"}, {"a", "b:c"}, {"a", NULL}};
  struct tel_family_spec spec = {.name = "x_total", .label_count = 2};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    spec.labels = bad[i];
    ck_assert_int_eq(tel_counter_family(registry, &spec, &family), TEL_E_NAME);
  }
  spec = (struct tel_family_spec){.name = "h", .labels = VALUES("le"), .label_count = 1};
  ck_assert_int_eq(tel_histogram_family(registry, &spec, &family), TEL_E_NAME);
  ck_assert_int_eq(tel_gauge_family(registry, &spec, &family), 0);
  spec = (struct tel_family_spec){
      .name = "many", .labels = VALUES("a", "b", "c", "d", "e", "f", "g", "h", "i"), .label_count = 9};
  ck_assert_int_eq(tel_gauge_family(registry, &spec, &family), TEL_E_VALUE);
  spec.label_count = 8;
  ck_assert_int_eq(tel_gauge_family(registry, &spec, &family), 0);
  spec = (struct tel_family_spec){.name = "no_names", .label_count = 1};
  ck_assert_int_eq(tel_gauge_family(registry, &spec, &family), TEL_E_VALUE);
  spec = (struct tel_family_spec){.name = "helped", .help = "\xC3"};
  ck_assert_int_eq(tel_gauge_family(registry, &spec, &family), TEL_E_VALUE);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_buckets) {
  static const double bad[][2] = {{1, 1}, {2, 1}, {NAN, 1}, {1, INFINITY}, {-1, 1}, {1, NAN}};
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_family *family;
  struct tel_family_spec spec = {.name = "h", .bucket_count = 2};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    spec.buckets = bad[i];
    ck_assert_int_eq(tel_histogram_family(registry, &spec, &family), TEL_E_VALUE);
  }
  double many[65];
  for (int i = 0; i < 65; i++) many[i] = i;
  spec = (struct tel_family_spec){.name = "h", .buckets = many, .bucket_count = 65};
  ck_assert_int_eq(tel_histogram_family(registry, &spec, &family), TEL_E_VALUE);
  spec.bucket_count = 64;
  ck_assert_int_eq(tel_histogram_family(registry, &spec, &family), 0);
  spec = (struct tel_family_spec){.name = "no_bounds", .bucket_count = 1};
  ck_assert_int_eq(tel_histogram_family(registry, &spec, &family), TEL_E_VALUE);
  tel_registry_free(registry);
}
END_TEST

/* A label value may have any length, but must be UTF-8. */
START_TEST(test_label_values) {
  static const char *const bad[] = {"\x80",
                                    "\xC0\x80",
                                    "\xC1\xBF",
                                    "\xC3",
                                    "\xC3(",
                                    "\xE0\x80\x80",
                                    "\xE2\x82",
                                    "\xED\xA0\x80",
                                    "\xED\xBF\xBF",
                                    "\xF0\x80\x80\x80",
                                    "\xF4\x90\x80\x80",
                                    "\xF5\x80\x80\x80",
                                    "\xFE",
                                    "a\xFF",
                                    "\xF0\x9F\x98"};
  static const char *const good[] = {"",
                                     "\x01",
                                     "\x7F",
                                     "\xC2\x80",
                                     "\xE0\xA0\x80",
                                     "\xED\x9F\xBF",
                                     "\xEE\x80\x80",
                                     "\xEF\xBF\xBF",
                                     "\xF0\x90\x80\x80",
                                     "\xF4\x8F\xBF\xBF"};
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_family *family;
  struct tel_counter *c = NULL;
  struct tel_family_spec spec = {.name = "x_total", .labels = VALUES("a", "b"), .label_count = 2};
  ck_assert_int_eq(tel_counter_family(registry, &spec, &family), 0);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_assert_int_eq(tel_counter_series(family, VALUES("ok", bad[i]), &c), TEL_E_LABELS);
  ck_assert_int_eq(tel_counter_series(family, VALUES("ok", NULL), &c), TEL_E_LABELS);
  ck_assert_int_eq(tel_counter_series(family, NULL, &c), TEL_E_LABELS);
  ck_assert_ptr_null(c);
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    ck_assert_int_eq(tel_counter_series(family, VALUES("ok", good[i]), &c), 0);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_series_are_found_again) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_family *family;
  struct tel_counter *first, *other, *again;
  struct tel_family_spec spec = {.name = "x_total", .labels = VALUES("a", "b"), .label_count = 2};
  ck_assert_int_eq(tel_counter_family(registry, &spec, &family), 0);
  ck_assert_int_eq(tel_counter_series(family, VALUES("x", "yz"), &first), 0);
  ck_assert_int_eq(tel_counter_series(family, VALUES("xy", "z"), &other), 0);
  for (int i = 0; i < 100; i++) { /* the list grows; handles stay */
    char value[8];
    snprintf(value, sizeof value, "%d", i);
    ck_assert_int_eq(tel_counter_series(family, VALUES("n", value), &again), 0);
  }
  char copy[] = "yz";
  ck_assert_int_eq(tel_counter_series(family, VALUES("x", copy), &again), 0);
  ck_assert_ptr_eq(again, first);
  ck_assert_ptr_ne(other, first);
  tel_registry_free(registry);
}
END_TEST

/* A search through the whole list for each new series would exceed the test's timeout. */
START_TEST(test_many_series) {
  enum { MANY = 300000 };
  struct tel_registry *registry = tel_registry_new(&(struct tel_registry_settings){.max_series = MANY});
  struct tel_family *family;
  struct tel_family_spec spec = {.name = "x", .labels = VALUES("n"), .label_count = 1};
  ck_assert_int_eq(tel_gauge_family(registry, &spec, &family), 0);
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < MANY; i++) {
      char value[12];
      struct tel_gauge *gauge = NULL;
      snprintf(value, sizeof value, "%d", i);
      int error = tel_gauge_series(family, VALUES(value), &gauge);
      if (error || tel_gauge_value(gauge) != round * i) ck_abort_msg("series %d, round %d", i, round);
      tel_gauge_set(gauge, i);
    }
  ck_assert_int_eq(tel_gauge_series(family, VALUES("one more"), &(struct tel_gauge *){NULL}), TEL_E_FULL);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_other_type) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_family *family;
  struct tel_counter *c;
  struct tel_gauge *g;
  struct tel_histogram *h;
  ck_assert_int_eq(tel_gauge_family(registry, &(struct tel_family_spec){.name = "g"}, &family), 0);
  ck_assert_int_eq(tel_counter_series(family, NULL, &c), TEL_E_VALUE);
  ck_assert_int_eq(tel_histogram_series(family, NULL, &h), TEL_E_VALUE);
  ck_assert_int_eq(tel_gauge_series(family, NULL, &g), 0);
  ck_assert_int_eq(tel_gauge_series(NULL, NULL, &g), TEL_E_VALUE);
  tel_registry_free(registry);
}
END_TEST

static bool exposes_as(struct tel_registry *registry, enum tel_format format, const char *line) {
  struct buf out = BUF_INIT(SIZE_MAX);
  ck_assert_int_eq(tel_exposition_write(registry, format, &out), 0);
  bool found = strstr(buf_cstr(&out), line) != NULL;
  buf_free(&out);
  return found;
}

static bool exposes(struct tel_registry *registry, const char *line) {
  return exposes_as(registry, TEL_FORMAT_TEXT, line);
}

START_TEST(test_limits) {
  struct tel_registry *registry =
      tel_registry_new(&(struct tel_registry_settings){.max_families = 2, .max_series = 3});
  struct tel_family *family;
  struct tel_counter *c = NULL;
  struct tel_family_spec spec = {.name = "x_total", .labels = VALUES("a"), .label_count = 1};
  ck_assert_int_eq(tel_counter_family(registry, &spec, &family), 0);
  ck_assert(exposes(registry, "telemetry_metric_series_dropped_total{family=\"x_total\"} 0\n"));
  ck_assert_int_eq(gauge(registry, "second"), 0);
  ck_assert_int_eq(gauge(registry, "third"), TEL_E_FULL);
  ck_assert_int_eq(tel_counter_series(family, VALUES("1"), &c), 0);
  ck_assert_int_eq(tel_counter_series(family, VALUES("2"), &c), 0);
  ck_assert_int_eq(tel_counter_series(family, VALUES("3"), &c), 0);
  struct tel_counter *before = c;
  ck_assert_int_eq(tel_counter_series(family, VALUES("4"), &c), TEL_E_FULL);
  ck_assert_int_eq(tel_counter_series(family, VALUES("4"), &c), TEL_E_FULL);
  ck_assert_ptr_eq(c, before);
  ck_assert_int_eq(tel_counter_series(family, VALUES("1"), &c), 0); /* existing series are still found */
  ck_assert(exposes(registry, "telemetry_metric_series_dropped_total{family=\"x_total\"} 2\n"));
  tel_registry_free(registry);
  registry =
      tel_registry_new(&(struct tel_registry_settings){.max_families = SIZE_MAX, .max_series = SIZE_MAX});
  ck_assert_ptr_nonnull(registry);
  ck_assert_int_eq(gauge(registry, "third"), 0);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_values) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_family *family;
  struct tel_counter *c;
  struct tel_gauge *g;
  ck_assert_int_eq(tel_counter_family(registry, &(struct tel_family_spec){.name = "c_total"}, &family), 0);
  ck_assert(exposes(registry, "\nc_total 0\n")); /* from the start, before anyone asks for the series */
  ck_assert_int_eq(tel_counter_series(family, NULL, &c), 0);
  tel_counter_add(c, 1);
  tel_counter_add(c, UINT64_C(1) << 53);
  ck_assert_uint_eq(tel_counter_value(c), (UINT64_C(1) << 53) + 1);
  ck_assert(exposes(registry, "\nc_total 9007199254740993\n"));
  ck_assert_int_eq(tel_gauge_family(registry, &(struct tel_family_spec){.name = "g"}, &family), 0);
  ck_assert_int_eq(tel_gauge_series(family, NULL, &g), 0);
  tel_gauge_set(g, 2.5);
  tel_gauge_add(g, -4);
  ck_assert_double_eq(tel_gauge_value(g), -1.5);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_null_is_not_recorded) {
  tel_counter_add(NULL, 1);
  tel_gauge_set(NULL, 1);
  tel_gauge_add(NULL, 1);
  tel_histogram_observe(NULL, 1, NULL);
  ck_assert_uint_eq(tel_counter_value(NULL), 0);
  ck_assert_double_eq(tel_gauge_value(NULL), 0);
  tel_registry_free(NULL);
}
END_TEST

static struct tel_histogram *make_histogram(struct tel_registry *registry) {
  static const double bounds[] = {1, 2, 5};
  struct tel_family *family;
  struct tel_histogram *h;
  struct tel_family_spec spec = {.name = "h", .buckets = bounds, .bucket_count = 3};
  ck_assert_int_eq(tel_histogram_family(registry, &spec, &family), 0);
  ck_assert_int_eq(tel_histogram_series(family, NULL, &h), 0);
  return h;
}

START_TEST(test_observations) {
  static const double values[] = {0, 1, 1.0000001, 2, 4.9, 5, 5.1, 1e300};
  static const double none[] = {-1, -1e-300, NAN, INFINITY, -INFINITY};
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_histogram *h = make_histogram(registry);
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) tel_histogram_observe(h, values[i], NULL);
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) tel_histogram_observe(h, none[i], NULL);
  uint64_t counts[4];
  double sum;
  tel_histogram_read(h, counts, &sum);
  for (size_t i = 0; i < 4; i++) ck_assert_uint_eq(counts[i], 2);
  ck_assert_double_eq(sum, 1e300);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_exemplars) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_histogram *h = make_histogram(registry);
  struct tel_exemplar e;
  struct tel_context context = {.trace_id = {1}, .span_id = {2}};
  tel_histogram_observe(h, 3, &context); /* not sampled */
  context.flags = TEL_FLAG_RANDOM;
  tel_histogram_observe(h, 3, &context);
  context.flags = TEL_FLAG_SAMPLED | TEL_FLAG_RANDOM;
  context.span_id[0] = 0; /* not valid */
  tel_histogram_observe(h, 3, &context);
  ck_assert(!tel_exemplar_read(&h->exemplars[2], &e));

  context.span_id[0] = 2;
  tel_histogram_observe_at(h, 3, &context, 1000);
  context.trace_id[0] = 3;
  tel_histogram_observe_at(h, 4, &context, 2000);
  ck_assert(tel_exemplar_read(&h->exemplars[2], &e)); /* the newest */
  ck_assert_double_eq(e.value, 4);
  ck_assert_uint_eq(e.unix_ns, 2000);
  ck_assert_mem_eq(e.context.trace_id, context.trace_id, 16);
  ck_assert_mem_eq(e.context.span_id, context.span_id, 8);
  tel_histogram_observe_at(h, 5, &context, 2000); /* the same tick: the first stays */
  ck_assert(tel_exemplar_read(&h->exemplars[2], &e));
  ck_assert_double_eq(e.value, 4);
  for (size_t i = 0; i < 4; i++) ck_assert_int_eq(tel_exemplar_read(&h->exemplars[i], &e), i == 2);

  tel_histogram_observe(h, 6, &context); /* the clock's own time */
  ck_assert(tel_exemplar_read(&h->exemplars[3], &e));
  ck_assert_uint_gt(e.unix_ns, UINT64_C(1600000000000000000));
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_counter_exemplars) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_family *family;
  struct tel_counter *c;
  struct tel_exemplar e;
  struct tel_context context = {.trace_id = {1}, .span_id = {2}};
  ck_assert_int_eq(tel_counter_family(registry, &(struct tel_family_spec){.name = "c_total"}, &family), 0);
  ck_assert_int_eq(tel_counter_series(family, NULL, &c), 0);
  tel_counter_add_at(NULL, 1, &context, 1000);
  tel_counter_add_at(c, 1, NULL, 1000);
  tel_counter_add_at(c, 1, &context, 1000); /* not sampled */
  ck_assert(!tel_exemplar_read(&c->exemplar, &e));
  ck_assert(!exposes_as(registry, TEL_FORMAT_OPENMETRICS, "# {"));
  context.flags = TEL_FLAG_SAMPLED;
  tel_counter_add_at(c, 2, &context, 1000);
  ck_assert(tel_exemplar_read(&c->exemplar, &e));
  ck_assert_double_eq(e.value, 2);
  ck_assert_uint_eq(e.unix_ns, 1000);
  ck_assert_mem_eq(e.context.trace_id, context.trace_id, 16);
  ck_assert_uint_eq(tel_counter_value(c), 4);
  ck_assert(exposes_as(registry, TEL_FORMAT_OPENMETRICS,
                       "c_total 4 # {trace_id=\"01000000000000000000000000000000\","
                       "span_id=\"0200000000000000\"} 2"));
  ck_assert(exposes(registry, "c_total 4\n")); /* the text format has none */
  tel_registry_free(registry);
}
END_TEST

/* A writer that sleeps in the middle delays no other thread: writers continue, and readers see no exemplar.
 */
START_TEST(test_claimed_slot_is_left_alone) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_histogram *h = make_histogram(registry);
  struct tel_exemplar e;
  struct tel_context context = {.trace_id = {1}, .span_id = {2}, .flags = TEL_FLAG_SAMPLED};
  tel_histogram_observe_at(h, 3, &context, 1000);
  atomic_fetch_add(&h->exemplars[2].version, 1);
  tel_histogram_observe_at(h, 4, &context, 2000);
  ck_assert(!tel_exemplar_read(&h->exemplars[2], &e));
  atomic_fetch_add(&h->exemplars[2].version, 1);
  ck_assert(tel_exemplar_read(&h->exemplars[2], &e));
  ck_assert_double_eq(e.value, 3);
  uint64_t counts[4];
  double sum;
  tel_histogram_read(h, counts, &sum);
  ck_assert_uint_eq(counts[2], 2);
  tel_registry_free(registry);
}
END_TEST

static void *add_one(void *cls) {
  tel_counter_add(cls, 1);
  return NULL;
}

START_TEST(test_threads_are_dealt_shards_in_turn) {
  struct tel_counter *c = tel_instrument_new(sizeof *c);
  for (int i = 0; i < TEL_SHARDS; i++) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, add_one, c), 0);
    pthread_join(thread, NULL);
  }
  for (int i = 0; i < TEL_SHARDS; i++) ck_assert_uint_eq(c->shards[i].value, 1);
  ck_assert_uint_eq((uintptr_t)&c->shards[1] - (uintptr_t)&c->shards[0], TEL_CACHE_LINE);
  ck_assert_uint_eq((uintptr_t)c % TEL_CACHE_LINE, 0);
  free(c);
}
END_TEST

TEST_MAIN("metrics", test_names, test_taken_names, test_units, test_label_names, test_buckets,
          test_label_values, test_series_are_found_again, test_many_series, test_other_type, test_limits,
          test_values, test_null_is_not_recorded, test_observations, test_exemplars, test_counter_exemplars,
          test_claimed_slot_is_left_alone, test_threads_are_dealt_shards_in_turn)
