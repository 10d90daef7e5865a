/* Exporters that hang when telemetry stops, and come back when all that was lent to them is gone. What such a
 * thread touches then is only found in a build with AddressSanitizer. */
#include "config.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <tel/http.h>
#include <tel/telemetry.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/test.h"
#include "support/threads.h"
#include "support/threads.h"
#include "telemetry/console.h"
#include "telemetry/tracer_fixture.h"

enum { BATCH = 10 };

/* How many spans the exporter's thread may give back before it hangs: there it holds no lock. */
static _Atomic long may_release;
static _Atomic bool hangs;
void __real_tel_span_release(struct tel_span *span);
void __wrap_tel_span_release(struct tel_span *span);

void __wrap_tel_span_release(struct tel_span *span) {
  while (atomic_load(&may_release) == 0) {
    atomic_store(&hangs, true);
    sched_yield();
  }
  atomic_fetch_sub(&may_release, 1);
  __real_tel_span_release(span);
}

static struct fixture f;
static _Atomic size_t exported;

static void export(void *cls, struct tel_span *const *spans, size_t count, uint64_t deadline,
                   struct tel_export_result *result) {
  (void)cls, (void)spans, (void)deadline;
  atomic_fetch_add(&exported, count);
  result->delivered = count;
}

static void go_on(void *cls, uint64_t deadline) {
  (void)cls, (void)deadline;
  atomic_store(&may_release, BATCH);
}

/* Four batches; the thread hangs when it has exported the first. */
static void hang_after_a_batch(void (*stop)(void *cls, uint64_t deadline)) {
  const struct tel_exporter exporter = {.export = export, .stop = stop};
  fixture_init(&f);
  f.tracer.settings.batch_size = BATCH;
  fixture_open(&f, NULL);
  fixture_emit(&f, 4 * BATCH - 5);
  ck_assert_int_eq(tel_batch_start(f.tracer.batch, &exporter, NULL), TEL_OK);
  while (!atomic_load(&hangs)) sched_yield();
}

static void check_comes_back(void) {
  ck_assert_uint_eq(fixture_dropped(&f, TEL_DROP_SHUTDOWN), 3 * BATCH - 5);
  ck_assert(fixture_balanced(&f));
  atomic_store(&may_release, LONG_MAX);
  threads_wait("span-exporter");
  ck_assert(fixture_balanced(&f)); /* nothing is counted twice */
  ck_assert_uint_eq(atomic_load(&exported), BATCH); /* and nothing sent that was counted as lost */
}

START_TEST(test_between_two_batches) {
  hang_after_a_batch(NULL);
  ck_assert(!fixture_close(&f, clock_mono_ns() + CLOCK_NS_PER_MS));
  check_comes_back();
}
END_TEST

START_TEST(test_while_it_drops_what_is_late) {
  hang_after_a_batch(go_on);
  ck_assert(!fixture_close(&f, 0));
  check_comes_back();
}
END_TEST

TEST_MAIN("left_behind", test_between_two_batches, test_while_it_drops_what_is_late)
