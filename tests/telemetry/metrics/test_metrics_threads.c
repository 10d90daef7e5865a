/* SPDX-License-Identifier: MIT */
/* Many threads record while others scrape: nothing is lost, nothing goes backwards, no exemplar is torn. Most
 * useful under ThreadSanitizer. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "support/test.h"
#include "telemetry/metrics/exposition.h"
#include "telemetry/metrics/metrics_model.h"

enum { WRITERS = 12 /* more than shards */, ROUNDS = 4000, SCRAPERS = 2 };

struct world {
  struct tel_registry *registry;
  struct tel_family *late; /* gets series while it is scraped */
  struct tel_counter *counter;
  struct tel_gauge *gauge;
  struct tel_histogram *histogram;
  atomic_bool stop;
};

struct worker {
  struct world *world;
  unsigned char number;
  pthread_t thread;
};

static void *record(void *cls) {
  struct worker *worker = cls;
  struct world *world = worker->world;
  struct tel_context context = {.flags = TEL_FLAG_SAMPLED};
  for (unsigned i = 0; i < ROUNDS; i++) {
    unsigned char mark = (unsigned char)(1 + (i * WRITERS + worker->number) % 255);
    memset(context.trace_id, mark, sizeof context.trace_id);
    memset(context.span_id, mark, sizeof context.span_id);
    tel_counter_add(world->counter, 1);
    tel_gauge_add(world->gauge, 1);
    /* Value, ids and time all contain the mark. Each write has a new time, because writes with an equal time
     * are skipped. */
    tel_histogram_observe_at(world->histogram, (double)mark, &context, UINT64_C(1000) * i + mark);
    tel_gauge_add(world->gauge, -1);
    if (i % 256 == 0) {
      char value[16];
      struct tel_counter *late = NULL;
      snprintf(value, sizeof value, "%u", i);
      if (tel_counter_series(world->late, (const char *const[]){value}, &late) == 0) tel_counter_add(late, 1);
    }
  }
  return NULL;
}

static uint64_t value_of(const char *text, const char *sample) {
  const char *at = strstr(text, sample);
  ck_assert_msg(at != NULL, "no %s", sample);
  return strtoull(at + strlen(sample), NULL, 10);
}

static void check_exemplars(const struct world *world) {
  for (size_t i = 0; i < 3; i++) {
    struct tel_exemplar e;
    if (!tel_exemplar_read(&world->histogram->exemplars[i], &e)) continue;
    unsigned char mark = e.context.trace_id[0];
    for (size_t b = 0; b < 16; b++) ck_assert_uint_eq(e.context.trace_id[b], mark);
    for (size_t b = 0; b < 8; b++) ck_assert_uint_eq(e.context.span_id[b], mark);
    ck_assert_double_eq(e.value, mark);
    ck_assert_uint_eq(e.unix_ns % 1000, mark);
  }
}

static void *scrape(void *cls) {
  struct world *world = ((struct worker *)cls)->world;
  uint64_t last_counter = 0, last_count = 0;
  bool last_round;
  do {
    last_round = atomic_load(&world->stop);
    struct buf out = BUF_INIT(SIZE_MAX);
    ck_assert_int_eq(tel_exposition_write(world->registry, TEL_FORMAT_OPENMETRICS, &out), 0);
    const char *text = buf_cstr(&out);
    uint64_t counter = value_of(text, "\nc_total ");
    uint64_t low = value_of(text, "\nh_bucket{le=\"50.0\"} "),
             high = value_of(text, "\nh_bucket{le=\"100.0\"} ");
    uint64_t all = value_of(text, "\nh_bucket{le=\"+Inf\"} "), count = value_of(text, "\nh_count ");
    ck_assert_uint_eq(all, count);
    ck_assert_uint_le(low, high);
    ck_assert_uint_le(high, all);
    ck_assert_uint_ge(counter, last_counter);
    ck_assert_uint_ge(count, last_count);
    last_counter = counter;
    last_count = count;
    check_exemplars(world);
    buf_free(&out);
  } while (!last_round);
  return NULL;
}

static void make_world(struct world *world) {
  static const double bounds[] = {50, 100};
  struct tel_family *family;
  world->registry = tel_registry_new(NULL);
  ck_assert_int_eq(tel_counter_family(world->registry, &(struct tel_family_spec){.name = "c_total"}, &family),
                   0);
  ck_assert_int_eq(tel_counter_series(family, NULL, &world->counter), 0);
  ck_assert_int_eq(tel_gauge_family(world->registry, &(struct tel_family_spec){.name = "g"}, &family), 0);
  ck_assert_int_eq(tel_gauge_series(family, NULL, &world->gauge), 0);
  struct tel_family_spec spec = {.name = "h", .buckets = bounds, .bucket_count = 2};
  ck_assert_int_eq(tel_histogram_family(world->registry, &spec, &family), 0);
  ck_assert_int_eq(tel_histogram_series(family, NULL, &world->histogram), 0);
  spec =
      (struct tel_family_spec){.name = "late_total", .labels = (const char *const[]){"i"}, .label_count = 1};
  ck_assert_int_eq(tel_counter_family(world->registry, &spec, &world->late), 0);
  atomic_init(&world->stop, false);
}

static void start(struct worker *workers, size_t count, struct world *world, void *(*run)(void *)) {
  for (size_t i = 0; i < count; i++) {
    workers[i].world = world;
    workers[i].number = (unsigned char)i;
    ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
  }
}

START_TEST(test_recording_while_scraping) {
  struct world world;
  struct worker writers[WRITERS], scrapers[SCRAPERS];
  make_world(&world);
  start(scrapers, SCRAPERS, &world, scrape);
  start(writers, WRITERS, &world, record);
  for (size_t i = 0; i < WRITERS; i++) pthread_join(writers[i].thread, NULL);
  atomic_store(&world.stop, true);
  for (size_t i = 0; i < SCRAPERS; i++) pthread_join(scrapers[i].thread, NULL);

  uint64_t counts[3], expected[3] = {0};
  double sum, expected_sum = 0;
  for (unsigned n = 0; n < ROUNDS * WRITERS; n++) {
    unsigned mark = 1 + n % 255;
    expected[mark <= 50 ? 0 : mark <= 100 ? 1 : 2]++;
    expected_sum += mark;
  }
  tel_histogram_read(world.histogram, counts, &sum);
  ck_assert_mem_eq(counts, expected, sizeof counts);
  ck_assert_double_eq(sum, expected_sum); /* whole numbers: exact in any order */
  ck_assert_uint_eq(tel_counter_value(world.counter), ROUNDS * WRITERS);
  ck_assert_double_eq(tel_gauge_value(world.gauge), 0);
  struct tel_exemplar e;
  for (size_t i = 0; i < 3; i++) ck_assert(tel_exemplar_read(&world.histogram->exemplars[i], &e));
  tel_registry_free(world.registry);
}
END_TEST

/* Uses only the first slot, which spans two cache lines, so that a reader can see a half-finished write. */
static void *write_exemplars(void *cls) {
  struct worker *worker = cls;
  struct tel_context context = {.flags = TEL_FLAG_SAMPLED};
  for (unsigned i = 0; !atomic_load(&worker->world->stop); i++) {
    unsigned char mark = (unsigned char)(1 + (2 * i + worker->number) % 50);
    memset(context.trace_id, mark, sizeof context.trace_id);
    memset(context.span_id, mark, sizeof context.span_id);
    tel_histogram_observe_at(worker->world->histogram, (double)mark, &context, UINT64_C(1000) * i + mark);
  }
  return NULL;
}

START_TEST(test_exemplars_are_whole) {
  struct world world;
  struct worker writers[2];
  make_world(&world);
  start(writers, 2, &world, write_exemplars);
  for (unsigned i = 0; i < 250 * ROUNDS; i++) check_exemplars(&world);
  atomic_store(&world.stop, true);
  for (size_t i = 0; i < 2; i++) pthread_join(writers[i].thread, NULL);
  tel_registry_free(world.registry);
}
END_TEST

TEST_MAIN("metrics_threads", test_recording_while_scraping, test_exemplars_are_whole)
