/* SPDX-License-Identifier: MIT */
/* Families whose values a function reads at each scrape. */
#include "tel/metrics.h"

#include <math.h>
#include <string.h>

#include "support/test.h"
#include "tel/scrape.h"
#include "telemetry/metrics/exposition.h"

#define VALUES(...) ((const char *const[]){__VA_ARGS__})

static size_t occurrences(struct tel_registry *registry, enum tel_format format, const char *text) {
  struct buf out = BUF_INIT(SIZE_MAX);
  size_t count = 0;
  ck_assert_int_eq(tel_exposition_write(registry, format, &out), 0);
  for (const char *at = buf_cstr(&out); (at = strstr(at, text)); at++) count++;
  buf_free(&out);
  return count;
}

static bool exposes(struct tel_registry *registry, const char *text) {
  return occurrences(registry, TEL_FORMAT_TEXT, text) > 0;
}

static void read_nothing(void *cls, struct tel_emit *emit) {
  (void)cls;
  (void)emit;
}

START_TEST(test_read_families) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_family_spec spec = {.name = "r", .help = "Read."};
  ck_assert_int_eq(tel_read_family(registry, &spec, TEL_METRIC_HISTOGRAM, read_nothing, NULL), TEL_E_VALUE);
  ck_assert_int_eq(tel_read_family(registry, &spec, (enum tel_metric_type)3, read_nothing, NULL),
                   TEL_E_VALUE);
  ck_assert_int_eq(tel_read_family(registry, &spec, TEL_METRIC_COUNTER, read_nothing, NULL), TEL_E_NAME);
  ck_assert_int_eq(tel_read_family(registry, &spec, TEL_METRIC_GAUGE, read_nothing, NULL), 0);
  ck_assert_int_eq(tel_read_family(registry, &spec, TEL_METRIC_GAUGE, read_nothing, NULL), TEL_E_NAME);
  ck_assert(!exposes(registry, " r ")); /* no series: no metadata */
  tel_registry_free(registry);
}
END_TEST

/* What a read function must not do: each of these calls needs the lock that it runs under. */
struct caller {
  struct tel_registry *registry;
  struct tel_family *family;
  unsigned calls;
};

static void read_and_call(void *cls, struct tel_emit *emit) {
  struct caller *caller = cls;
  struct tel_family *family = NULL;
  struct tel_counter *counter = NULL;
  struct tel_scrape scrape;
  ck_assert_int_eq(tel_counter_series(caller->family, VALUES("v"), &counter), TEL_E_VALUE);
  ck_assert_int_eq(
      tel_counter_family(caller->registry, &(struct tel_family_spec){.name = "y_total"}, &family),
      TEL_E_VALUE);
  ck_assert_int_eq(tel_scrape(caller->registry, NULL, NULL, &scrape), TEL_E_VALUE);
  tel_emit_value(emit, NULL, ++caller->calls);
}

START_TEST(test_a_read_function_that_calls_its_registry) {
  struct caller caller = {.registry = tel_registry_new(NULL)};
  struct tel_family_spec spec = {.name = "x_total", .labels = VALUES("a"), .label_count = 1};
  ck_assert_int_eq(tel_counter_family(caller.registry, &spec, &caller.family), 0);
  ck_assert_int_eq(tel_read_family(caller.registry, &(struct tel_family_spec){.name = "calls"},
                                   TEL_METRIC_GAUGE, read_and_call, &caller),
                   0);
  ck_assert(exposes(caller.registry, "\ncalls 1\n"));
  ck_assert(exposes(caller.registry, "\ncalls 2\n")); /* the lock is free again */
  tel_registry_free(caller.registry);
}
END_TEST

/* Emits each series twice, and one whose pairs look like another's. */
static void read_twice(void *cls, struct tel_emit *emit) {
  static const char *const values[][2] = {{"a", "b"}, {"a", "c"}, {"a\",y=\"b", ""}, {"", ""}};
  (void)cls;
  for (int round = 1; round <= 2; round++)
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) tel_emit_value(emit, values[i], round);
}

static void read_plain_twice(void *cls, struct tel_emit *emit) {
  (void)cls;
  tel_emit_value(emit, NULL, NAN); /* not exposed, so it is not the first */
  tel_emit_value(emit, NULL, 1);
  tel_emit_value(emit, NULL, 2);
}

/* A series that is there twice makes the exposition invalid: the first sample counts. */
START_TEST(test_a_read_series_is_exposed_once) {
  struct tel_registry *registry = tel_registry_new(NULL);
  const struct tel_family_spec pairs = {.name = "pairs", .labels = VALUES("x", "y"), .label_count = 2};
  const struct tel_family_spec plain = {.name = "plain_total"};
  ck_assert_int_eq(tel_read_family(registry, &pairs, TEL_METRIC_GAUGE, read_twice, NULL), 0);
  ck_assert_int_eq(tel_read_family(registry, &plain, TEL_METRIC_COUNTER, read_plain_twice, NULL), 0);
  for (int format = TEL_FORMAT_TEXT; format <= TEL_FORMAT_OPENMETRICS; format++) {
    ck_assert_uint_eq(occurrences(registry, format, "\npairs{"), 4);
    ck_assert_uint_eq(occurrences(registry, format, "pairs{x=\"a\",y=\"b\"} 1\n"), 1);
    ck_assert_uint_eq(occurrences(registry, format, "pairs{x=\"\",y=\"\"} 1\n"), 1);
    ck_assert_uint_eq(occurrences(registry, format, "\nplain_total "), 1);
    ck_assert_uint_eq(occurrences(registry, format, "\nplain_total 1\n"), 1);
  }
  tel_registry_free(registry);
}
END_TEST

TEST_MAIN("read_families", test_read_families, test_a_read_function_that_calls_its_registry,
          test_a_read_series_is_exposed_once)
