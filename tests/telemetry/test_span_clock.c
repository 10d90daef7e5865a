/* The wall clock is set while spans are open: their times are those of the first reading all the same. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "support/test.h"
#include "telemetry/tracer_fixture.h"

#define HOUR (3600 * CLOCK_NS_PER_S)

static int64_t turned; /* seconds that the wall clock is off */
static unsigned wall_readings;

/* In place of libc's, for all that is linked here. */
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

static void expect_inside(const struct tel_span *inner, const struct tel_span *outer) {
  ck_assert_uint_ge(inner->start_unix_ns, outer->start_unix_ns);
  ck_assert_uint_le(inner->end_unix_ns, outer->end_unix_ns);
  ck_assert_uint_le(inner->start_unix_ns, inner->end_unix_ns);
}

/* The queue keeps ended spans: what is in them can still be looked at. */
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
  expect_inside(child, root);
  expect_inside(grandchild, child);
  expect_inside(late, root);
  ck_assert_uint_ge(late->start_unix_ns, child->end_unix_ns);
  ck_assert_uint_ge(child->end_unix_ns - child->start_unix_ns, 4 * CLOCK_NS_PER_MS);
  ck_assert_uint_ge(grandchild->end_unix_ns - grandchild->start_unix_ns, 2 * CLOCK_NS_PER_MS);
  ck_assert_uint_lt(root->end_unix_ns - root->start_unix_ns, HOUR);
  const struct tel_span_item *event = child->events.first;
  ck_assert_uint_ge(event->unix_ns, child->start_unix_ns + 2 * CLOCK_NS_PER_MS);
  ck_assert_uint_ge(event->next->unix_ns, event->unix_ns);
  ck_assert_uint_le(event->next->unix_ns, grandchild->start_unix_ns);
  ck_assert(fixture_close(&f, 0));
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

/* Times that the caller knows are taken as they are. */
START_TEST(test_times_of_the_caller) {
  open_tracer();
  struct tel_span *root = tel_span_start(&f.tracer, "root", TEL_SPAN_SERVER, NULL, NULL, 1000);
  struct tel_span *child = start(root);
  ck_assert_uint_eq(root->start_unix_ns, 1000);
  ck_assert_uint_gt(child->start_unix_ns, UINT64_C(1600000000000000000));
  tel_span_end(child, child->start_unix_ns + 5);
  tel_span_end(root, 2000);
  ck_assert_uint_eq(child->end_unix_ns, child->start_unix_ns + 5);
  ck_assert_uint_eq(root->end_unix_ns, 2000);
  ck_assert(fixture_close(&f, 0));
}
END_TEST

TEST_MAIN("span_clock", test_set_back, test_set_forward, test_set_to_and_fro, test_one_reading_a_trace,
          test_times_of_the_caller)
