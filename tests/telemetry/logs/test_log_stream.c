/* SPDX-License-Identifier: MIT */
/* Standard output and syslog: readers that are slow, that have gone, or that never read. */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/test.h"
#include "support/threads.h"
#include "telemetry/logs/log_fixture.h"

enum { THREADS = 4, COUNT = 2000 };

static struct fixture f;
static int reader = -1, saved_output;

/* Standard output becomes a pipe. */
static void begin(int flags) {
  int ends[2];
  ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
  fixture_init(&f);
  f.settings.file = "";
  f.settings.queue_size = THREADS * COUNT;
  ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
  if (flags) ck_assert_int_eq(fcntl(ends[1], F_SETFL, flags), 0);
  fflush(stdout);
  saved_output = dup(STDOUT_FILENO);
  ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
  close(ends[1]);
  reader = ends[0];
  fixture_run(&f);
}

static void end(void) {
  dup2(saved_output, STDOUT_FILENO);
  close(saved_output);
  fixture_remove(&f);
}

/* Reads to the end, a little at a time, into the fixture's file. */
static void *read_slowly(void *unused) {
  char piece[777];
  (void)unused;
  FILE *file = fopen(f.path, "w");
  for (ssize_t n; (n = read(reader, piece, sizeof piece)) > 0;) fwrite(piece, 1, (size_t)n, file);
  fclose(file);
  return NULL;
}

static void check_slow_reader(int flags) {
  static unsigned char seen[THREADS * COUNT];
  pthread_t reading;
  begin(flags);
  ck_assert_int_eq(pthread_create(&reading, NULL, read_slowly, NULL), 0);
  fixture_log_many(&f, THREADS, COUNT);
  ck_assert_uint_eq(fixture_close(&f), 0);
  dup2(saved_output, STDOUT_FILENO); /* closes the pipe */
  pthread_join(reading, NULL);
  json_t *lines = fixture_lines(f.path);
  ck_assert_uint_eq(fixture_mark(lines, seen, COUNT), THREADS * COUNT);
  json_decref(lines);
  end();
}

START_TEST(test_slow_reader) {
  check_slow_reader(0);
}
END_TEST

START_TEST(test_slow_reader_without_blocking) {
  check_slow_reader(O_NONBLOCK);
}
END_TEST

START_TEST(test_reader_is_gone) {
  begin(0);
  close(reader);
  fixture_log_many(&f, 1, 100);
  ck_assert_uint_le(fixture_close(&f), 100);
  ck_assert_double_eq(fixture_metric(&f, "telemetry_log_lines_dropped_total{reason=\"write_error\"}"), 100);
  end();
}
END_TEST

/* Nobody reads: the requests continue, lost lines are counted, and the stop ends in time. */
static void check_no_reader(int flags) {
  begin(flags);
  fixture_log_many(&f, THREADS, 2 * COUNT);
  ck_assert_double_gt(fixture_metric(&f, "telemetry_log_lines_dropped_total{reason=\"queue_full\"}"), 0);
  uint64_t start = clock_mono_ns();
  uint64_t lost = tel_logger_free(f.logger, start + 50 * CLOCK_NS_PER_MS);
  ck_assert_uint_lt(clock_mono_ns() - start, 20 * CLOCK_NS_PER_S);
  ck_assert_uint_gt(lost, 0);
  ck_assert_double_gt(fixture_metric(&f, "telemetry_log_lines_dropped_total{reason=\"shutdown\"}"), 0);
}

START_TEST(test_nobody_reads) {
  check_no_reader(0);
  ck_assert_uint_eq(threads_named("log-writer"), 1);
  fixture_remove(&f);
  close(reader);
  threads_wait("log-writer"); /* continues after logger and registry were freed */
}
END_TEST

START_TEST(test_nobody_reads_without_blocking) {
  check_no_reader(O_NONBLOCK);
  close(reader);
  threads_wait("log-writer"); /* continues, and counts the line that it was writing */
  ck_assert_uint_eq(fixture_accounted(&f), 2 * THREADS * COUNT);
  end();
}
END_TEST

/* Replaces libc's function. With _FORTIFY_SOURCE the compiler turns syslog() into __syslog_chk(). */
static pthread_mutex_t syslog_lock = PTHREAD_MUTEX_INITIALIZER;
static char syslog_text[4096];
static int syslog_priority, syslog_count;

static void __attribute__((format(printf, 2, 0))) note(int priority, const char *format, va_list args) {
  pthread_mutex_lock(&syslog_lock);
  syslog_priority = priority;
  syslog_count++;
  vsnprintf(syslog_text, sizeof syslog_text, format, args);
  pthread_mutex_unlock(&syslog_lock);
}

/* In parentheses, because clang then has a macro of this name. */
void(syslog)(int priority, const char *format, ...) {
  va_list args;
  va_start(args, format);
  note(priority, format, args);
  va_end(args);
}

void __syslog_chk(int priority, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));

void __syslog_chk(int priority, int flag, const char *format, ...) {
  va_list args;
  (void)flag;
  va_start(args, format);
  note(priority, format, args);
  va_end(args);
}

START_TEST(test_syslog) {
  static const int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR, LOG_CRIT};
  fixture_init(&f);
  f.settings.file = "syslog";
  f.settings.level = TEL_DEBUG;
  fixture_run(&f);
  for (int level = TEL_DEBUG; level <= TEL_FATAL; level++) {
    tel_log_event(f.logger, (enum tel_level)level, "to syslog", "%s", "%s%n\n");
    fixture_wait(&f, "telemetry_log_lines_written_total", level + 1);
    pthread_mutex_lock(&syslog_lock);
    ck_assert_int_eq(syslog_priority, priorities[level]);
    json_t *json = json_loads(syslog_text, 0, NULL);
    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(json_string_value(json_object_get(json, "detail")), "%s%n\n");
    ck_assert_ptr_null(strchr(syslog_text, '\n'));
    pthread_mutex_unlock(&syslog_lock);
    json_decref(json);
  }
  ck_assert_int_eq(tel_log_reopen(f.logger), 0);
  ck_assert_uint_eq(fixture_close(&f), 0);
  ck_assert_int_eq(syslog_count, 5);
  fixture_remove(&f);
}
END_TEST

TEST_MAIN("log-stream", test_slow_reader, test_slow_reader_without_blocking, test_reader_is_gone,
          test_nobody_reads, test_nobody_reads_without_blocking, test_syslog)
