/* SPDX-License-Identifier: MIT */
/* The wall clock is set while spans are open. Their times must still be relative to the first reading. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "support/test.h"
#include "telemetry/recent/recent_part.h"
#include "telemetry/traces/span_clock.h"
#include "telemetry/traces/tracer_fixture.h"

#define HOUR (3600 * CLOCK_NS_PER_S)

static int64_t turned; /* offset of the wall clock in seconds */
static unsigned wall_readings;

/* Replaces libc's function for everything linked here. */
int clock_gettime(clockid_t id, struct timespec *t) {
  long result = syscall(SYS_clock_gettime, id, t);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) {
    wall_readings++;
    t->tv_sec += turned;
  }
  return (int)result;
}

static struct fixture f;

static void open_tracer(void) {
  turned = 0;
  fixture_init(&f);
  fixture_open(&f, NULL);
}

static struct tel_span *start(const struct tel_span *parent) {
  return parent ? tel_span_start_child(&f.tracer, "child", TEL_SPAN_INTERNAL, parent)
                : tel_span_start(&f.tracer, "root", TEL_SPAN_SERVER, NULL, NULL, 0);
}

/* The exported spans, in the order of their ends. */
static struct tel_recent_span ended[8];
static struct tel_arena arena;

static void export(void *cls, const struct tel_wire *spans, size_t count, uint64_t deadline,
                   struct tel_export_result *result) {
  (void)cls, (void)deadline;
  ck_assert_uint_le(count, 8);
  for (size_t i = 0; i < count; i++) {
    const struct tel_recent_copy copy = {spans[i].data, spans[i].len, false};
    ck_assert(tel_recent_span_decode(&copy, &arena, &ended[i]));
  }
  result->delivered = count;
}

static void close_tracer(void) {
  const struct tel_exporter exporter = {.export = export};
  ck_assert_int_eq(tel_batch_start(f.tracer.batch, &exporter, NULL), TEL_OK);
  ck_assert(fixture_close(&f, clock_mono_ns() + 20 * CLOCK_NS_PER_S));
}

static void expect_inside(const struct tel_recent_span *inner, const struct tel_recent_span *outer) {
  ck_assert_uint_ge(inner->start_unix_ns, outer->start_unix_ns);
  ck_assert_uint_le(inner->end_unix_ns, outer->end_unix_ns);
  ck_assert_uint_le(inner->start_unix_ns, inner->end_unix_ns);
}

static void run_turned(int64_t first, int64_t second) {
  open_tracer();
  struct tel_span *root = start(NULL);
  turned = first;
  struct tel_span *child = start(root);
  clock_sleep_ns(2 * CLOCK_NS_PER_MS);
  tel_span_add_event(child, "first");
  turned = second;
  tel_span_add_event(child, "second");
  struct tel_span *grandchild = start(child);
  clock_sleep_ns(2 * CLOCK_NS_PER_MS);
  turned = first;
  tel_span_end(grandchild, 0);
  tel_span_end(child, 0);
  turned = second;
  struct tel_span *late = start(root);
  tel_span_end(late, 0);
  tel_span_end(root, 0);
  turned = 0;
  close_tracer();
  const struct tel_recent_span *lowest = &ended[0], *middle = &ended[1], *last = &ended[2], *top = &ended[3];
  expect_inside(middle, top);
  expect_inside(lowest, middle);
  expect_inside(last, top);
  ck_assert_uint_ge(last->start_unix_ns, middle->end_unix_ns);
  ck_assert_uint_ge(middle->end_unix_ns - middle->start_unix_ns, 4 * CLOCK_NS_PER_MS);
  ck_assert_uint_ge(lowest->end_unix_ns - lowest->start_unix_ns, 2 * CLOCK_NS_PER_MS);
  ck_assert_uint_lt(top->end_unix_ns - top->start_unix_ns, HOUR);
  const struct tel_recent_item *events = middle->events.items;
  ck_assert_uint_eq(middle->events.count, 2);
  ck_assert_uint_ge(events[0].unix_ns, middle->start_unix_ns + 2 * CLOCK_NS_PER_MS);
  ck_assert_uint_ge(events[1].unix_ns, events[0].unix_ns);
  ck_assert_uint_le(events[1].unix_ns, lowest->start_unix_ns);
  tel_arena_free(&arena);
}

START_TEST(test_set_back) {
  run_turned(-3600, -7200);
}
END_TEST

START_TEST(test_set_forward) {
  run_turned(3600, 7200);
}
END_TEST

START_TEST(test_set_to_and_fro) {
  run_turned(-3600, 3600);
}
END_TEST

START_TEST(test_one_reading_a_trace) {
  open_tracer();
  wall_readings = 0;
  struct tel_span *root = start(NULL), *child = start(root), *grandchild = start(child);
  tel_span_add_event(child, "event");
  tel_span_end(grandchild, 0);
  tel_span_end(child, 0);
  tel_span_end(root, 0);
  ck_assert_uint_eq(wall_readings, 1);
  const struct clock_anchor now = clock_anchor_now();
  wall_readings = 0;
  root = tel_span_start_at(&f.tracer, "root", TEL_SPAN_SERVER, NULL, NULL, &now);
  ck_assert_uint_eq(root->start_unix_ns, now.unix_ns);
  tel_span_end(start(root), 0);
  tel_span_end(root, 0);
  ck_assert_uint_eq(wall_readings, 0);
  ck_assert(fixture_close(&f, 0));
}
END_TEST

/* Times that the caller gives are used unchanged. */
START_TEST(test_times_of_the_caller) {
  open_tracer();
  struct tel_span *root = tel_span_start(&f.tracer, "root", TEL_SPAN_SERVER, NULL, NULL, 1000);
  struct tel_span *child = start(root);
  ck_assert_uint_eq(root->start_unix_ns, 1000);
  ck_assert_uint_gt(child->start_unix_ns, UINT64_C(1600000000000000000));
  tel_span_end(child, child->start_unix_ns + 5);
  tel_span_end(root, 2000);
  close_tracer();
  ck_assert_uint_eq(ended[0].end_unix_ns, ended[0].start_unix_ns + 5);
  ck_assert_uint_eq(ended[1].end_unix_ns, 2000);
  tel_arena_free(&arena);
}
END_TEST

TEST_MAIN("span_clock", test_set_back, test_set_forward, test_set_to_and_fro, test_one_reading_a_trace,
          test_times_of_the_caller)
