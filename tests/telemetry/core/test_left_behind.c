/* SPDX-License-Identifier: MIT */
/* Exporters that hang when telemetry stops, and continue after everything that they borrowed has been freed.
 * Only a build with AddressSanitizer detects a bad access of such a thread. */
#include "config.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <tel/http.h>
#include <tel/telemetry.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/loopback.h"
#include "support/test.h"
#include "support/threads.h"
#include "telemetry/traces/console.h"
#include "telemetry/traces/span_packet.h"
#include "telemetry/traces/tracer_fixture.h"

enum { BATCH = 10 };

/* How many spans the exporter's thread may release before it hangs. It then holds no lock. */
static _Atomic long may_release;
static _Atomic bool hangs;
void __real_tel_packet_release(struct tel_pool *pool, struct tel_packet *packet);
void __wrap_tel_packet_release(struct tel_pool *pool, struct tel_packet *packet);

void __wrap_tel_packet_release(struct tel_pool *pool, struct tel_packet *packet) {
  while (atomic_load(&may_release) == 0) {
    atomic_store(&hangs, true);
    sched_yield();
  }
  atomic_fetch_sub(&may_release, 1);
  __real_tel_packet_release(pool, packet);
}

static _Atomic bool writes_span;
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);

ssize_t __wrap_write(int fd, const void *data, size_t len) {
  static const char start[] = "{\"span\"";
  if (len >= sizeof start && memcmp(data, start, sizeof start - 1) == 0) atomic_store(&writes_span, true);
  return __real_write(fd, data, len);
}

static struct fixture f;
static _Atomic size_t exported;

static void export(void *cls, const struct tel_wire *spans, size_t count, uint64_t deadline,
                   struct tel_export_result *result) {
  (void)cls, (void)spans, (void)deadline;
  atomic_fetch_add(&exported, count);
  result->delivered = count;
}

static void count_report(void *cls, enum tel_report what, const char *text) {
  (void)what, (void)text;
  ++*(int *)cls;
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
  ck_assert(fixture_balanced(&f));                  /* nothing is counted twice */
  ck_assert_uint_eq(atomic_load(&exported), BATCH); /* and no span that counts as lost was sent */
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

/* Standard output is a full pipe that nobody reads. */
static int saved_output, reader;

static void close_output(void) {
  int ends[2];
  fflush(stdout);
  saved_output = dup(STDOUT_FILENO);
  ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  while (write(ends[1], "\n", 1) == 1) continue;
  ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0);
  dup2(ends[1], STDOUT_FILENO);
  close(ends[1]);
  reader = ends[0];
}

static size_t lines_read; /* only non-empty lines */

static void read_some(size_t most) {
  static char text[4096], before = '\n';
  ssize_t len = read(reader, text, most);
  for (ssize_t i = 0; i < len; before = text[i++]) lines_read += text[i] == '\n' && before != '\n';
}

/* Reads until the writers have ended, and then the rest. */
static void read_output(void) {
  int left;
  while (threads_named("span-exporter") + threads_named("log-writer") > 0 ||
         (ioctl(reader, FIONREAD, &left) == 0 && left > 0))
    read_some(4096);
  close(reader);
  dup2(saved_output, STDOUT_FILENO);
  close(saved_output);
}

static void destroy(void *object) {
  ++*(int *)object;
}

/* Spans use the names of routes, which tel_own() keeps alive. The exporter hangs while it has the turn on
 * standard output, so the log writer gives up. */
START_TEST(test_names_stay) {
  static int destroyed;
  static const struct tel_http_request request = {.method = "GET", .path = "/orders/7"};
  setenv("OTEL_TRACES_EXPORTER", "console", 1);
  setenv("OTEL_BSP_SCHEDULE_DELAY", "10", 1);
  struct tel *tel = tel_new("left", "1");
  struct tel_http_route *route = tel_http_route(tel, "GET", "/orders/:id");
  ck_assert_int_eq(tel_own(tel, destroy, &destroyed), 0);
  close_output();
  atomic_store(&may_release, LONG_MAX);
  tel_log_set_level(tel_logger(tel), TEL_FATAL);
  for (int i = 0; i < 20; i++) tel_http_end(tel_http_begin(tel, &request), route, 200, 0);
  ck_assert_int_eq(tel_start(tel), 0);
  while (!atomic_load(&writes_span)) sched_yield();
  for (int i = 0; i < 20; i++) tel_log_event(tel_logger(tel), TEL_FATAL, "line", NULL);
  ck_assert_uint_eq(tel_free(tel, 1), 40);
  ck_assert_int_eq(destroyed, 0);
  ck_assert_uint_eq(threads_named("span-exporter"), 1);
  read_output();
}
END_TEST

static void *read_slowly(void *stop) {
  while (!atomic_load((_Atomic bool *)stop)) {
    clock_sleep_ns(5 * CLOCK_NS_PER_MS);
    read_some(1024);
  }
  return NULL;
}

/* Spans written before the deadline count as exported, the others as lost, and none as both. */
START_TEST(test_slow_console) {
  static _Atomic bool stop;
  struct tel_exporter exporter;
  pthread_t slow;
  ck_assert_int_eq(tel_console_exporter_new(&exporter), TEL_OK);
  atomic_store(&may_release, LONG_MAX);
  fixture_init(&f);
  f.tracer.settings.schedule_delay_ms = 3600 * 1000;
  fixture_open(&f, NULL);
  fixture_emit(&f, 1000);
  close_output();
  ck_assert_int_eq(pthread_create(&slow, NULL, read_slowly, &stop), 0);
  ck_assert_int_eq(tel_batch_start(f.tracer.batch, &exporter, NULL), TEL_OK);
  bool ended = fixture_close(&f, clock_mono_ns() + 200 * CLOCK_NS_PER_MS);
  atomic_store(&stop, true);
  pthread_join(slow, NULL);
  read_output();
  ck_assert(ended);
  ck_assert_uint_eq(atomic_load(&f.counts.exported), lines_read);
  ck_assert_uint_eq(fixture_dropped(&f, TEL_DROP_SHUTDOWN), 1000 - lines_read);
  ck_assert_uint_lt(lines_read, 1000);
}
END_TEST

/* The certificate file is a pipe whose writer is silent, so libcurl hangs while reading it. */
START_TEST(test_inside_of_libcurl) {
  char directory[] = "/tmp/minishop-XXXXXX";
  struct tel_tracing_settings *settings = malloc(sizeof *settings);
  int *reports = calloc(1, sizeof *reports);
  const struct tel_tracing_events events = {count_report, reports};
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_tracing *tracing;
  unsigned port;
  int listener = loopback_listen(&port);
  ck_assert_ptr_nonnull(mkdtemp(directory));
  tel_tracing_settings_init(settings);
  snprintf(settings->endpoint, sizeof settings->endpoint, "https://127.0.0.1:%u/v1/traces", port);
  snprintf(settings->certificate, sizeof settings->certificate, "%s/pipe", directory);
  ck_assert_int_eq(mkfifo(settings->certificate, 0600), 0);
  settings->schedule_delay_ms = 10;
  ck_assert_int_eq(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
  ck_assert_int_eq(tel_tracing_new(settings, "1", "id", &events, registry, &tracing), TEL_OK);
  ck_assert_int_eq(tel_tracing_start(tracing), TEL_OK);
  tel_span_end(tel_span_start(tel_tracing_tracer(tracing), "span", TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
  int writer;
  while ((writer = open(settings->certificate, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) sched_yield();
  ck_assert_uint_eq(tel_tracing_free(tracing, clock_mono_ns() + CLOCK_NS_PER_MS), 1);
  unlink(settings->certificate);
  rmdir(directory);
  tel_registry_free(registry);
  free(reports);
  free(settings);
  curl_global_cleanup();
  ck_assert_uint_eq(threads_named("span-exporter"), 1);
  close(writer);
  atomic_store(&may_release, LONG_MAX);
  threads_wait("span-exporter");
  close(listener);
}
END_TEST

TEST_MAIN("left_behind", test_between_two_batches, test_while_it_drops_what_is_late, test_names_stay,
          test_slow_console, test_inside_of_libcurl)
