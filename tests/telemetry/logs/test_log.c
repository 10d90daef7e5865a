/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "tel/log.h"

#include <orcania.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <yder.h>

#include "base/clock.h"
#include "base/sanitized.h"
#include "support/test.h"
#include "telemetry/logs/log_fixture.h"

static struct fixture f;

static json_t *close_and_read(void) {
  ck_assert_uint_eq(fixture_close(&f), 0);
  return fixture_lines(f.path);
}

static void done(json_t *lines) {
  json_decref(lines);
  fixture_remove(&f);
}

START_TEST(test_a_line_from_end_to_end) {
  fixture_init(&f);
  fixture_run(&f);
  uint64_t before = clock_unix_ns();
  struct tel_context context = {{0xab}, {0xcd}, TEL_FLAG_SAMPLED, false};
  struct tel_log_record *record = tel_log_begin(f.logger, TEL_WARN);
  tel_log_context(record, &context);
  tel_attributes_set_string(tel_log_fields(record), "order_id", "o-1");
  tel_attributes_set_int(tel_log_fields(record), "status", 402);
  tel_log_message(record, "payment failed");
  uint64_t after = clock_unix_ns();

  json_t *lines = close_and_read();
  ck_assert_uint_eq(json_array_size(lines), 1);
  ck_assert_str_eq(fixture_text(lines, 0, "level"), "WARN");
  ck_assert_int_eq(fixture_int(lines, 0, "severity_number"), 13);
  ck_assert_str_eq(fixture_text(lines, 0, "message"), "payment failed");
  ck_assert_str_eq(fixture_text(lines, 0, "app"), "minishop");
  ck_assert_str_eq(fixture_text(lines, 0, "version"), "1.2.3");
  ck_assert_str_eq(fixture_text(lines, 0, "instance"), "here");
  ck_assert_str_eq(fixture_text(lines, 0, "trace_id"), "ab000000000000000000000000000000");
  ck_assert_str_eq(fixture_text(lines, 0, "span_id"), "cd00000000000000");
  ck_assert_str_eq(fixture_text(lines, 0, "trace_flags"), "01");
  ck_assert_str_eq(fixture_text(lines, 0, "order_id"), "o-1");
  ck_assert_int_eq(fixture_int(lines, 0, "status"), 402);

  struct tm tm = {0};
  unsigned long ns;
  const char *fraction = strptime(fixture_text(lines, 0, "timestamp"), "%Y-%m-%dT%H:%M:%S", &tm);
  ck_assert_int_eq(sscanf(fraction, ".%9luZ", &ns), 1);
  uint64_t time = (uint64_t)timegm(&tm) * CLOCK_NS_PER_S + ns;
  ck_assert(before <= time && time <= after);
  done(lines);
}
END_TEST

START_TEST(test_events_wait_for_the_start) {
  fixture_init(&f);
  ck_assert_int_eq(tel_logger_new(&f.settings, f.registry, &f.logger), 0);
  tel_log_event(f.logger, TEL_INFO, "starting", NULL);
  ck_assert_int_eq(tel_log_install(f.logger), 0);
  tel_log_event(f.logger, TEL_ERROR, "failed", "%s: %d", "reason", 7);
  ck_assert_double_eq(fixture_metric(&f, "telemetry_log_queue_size"), 2);
  ck_assert_double_eq(fixture_metric(&f, "telemetry_log_lines_written_total"), 0);
  fixture_start(&f);
  tel_log_event(f.logger, TEL_FATAL, "over", NULL);
  json_t *lines = close_and_read();
  ck_assert_uint_eq(json_array_size(lines), 3);
  ck_assert_str_eq(fixture_text(lines, 0, "message"), "starting");
  ck_assert_ptr_null(json_object_get(json_array_get(lines, 0), "detail"));
  ck_assert_ptr_null(json_object_get(json_array_get(lines, 0), "trace_id"));
  ck_assert_str_eq(fixture_text(lines, 1, "message"), "failed");
  ck_assert_str_eq(fixture_text(lines, 1, "detail"), "reason: 7");
  ck_assert_str_eq(fixture_text(lines, 2, "level"), "FATAL");
  ck_assert_double_eq(fixture_metric(&f, "telemetry_log_queue_size"), 0);
  ck_assert_double_eq(fixture_metric(&f, "telemetry_log_lines_written_total"), 3);
  done(lines);
}
END_TEST

/* Queued lines are written even if the process never started the writer. */
START_TEST(test_never_started) {
  fixture_init(&f);
  fixture_open(&f);
  tel_log_event(f.logger, TEL_ERROR, "cannot listen", NULL);
  json_t *lines = close_and_read();
  ck_assert_uint_eq(json_array_size(lines), 1);
  done(lines);
}
END_TEST

START_TEST(test_a_fork_between_making_and_starting) {
  fixture_init(&f);
  fixture_open(&f);
  tel_log_event(f.logger, TEL_INFO, "parent", NULL);
  pid_t child = fork();
  if (child == 0) {
    int result = tel_logger_start(f.logger);
    tel_log_event(f.logger, TEL_INFO, "child", NULL);
    _exit(result == 0 && fixture_close(&f) == 0 ? 0 : 1);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  json_t *lines = fixture_lines(f.path);
  ck_assert_uint_eq(json_array_size(lines), 2);
  ck_assert_str_eq(fixture_text(lines, 1, "message"), "child");
  json_decref(lines);
  tel_log_event(f.logger, TEL_INFO, "parent alone", NULL);
  lines = close_and_read(); /* the child's lines are not written again */
  ck_assert_uint_eq(json_array_size(lines), 3);
  ck_assert_str_eq(fixture_text(lines, 2, "message"), "parent alone");
  done(lines);
}
END_TEST

static void say_and_start(const char *message) {
  tel_log_event(f.logger, TEL_INFO, message, NULL);
  _exit(tel_logger_start(f.logger) == 0 && fixture_close(&f) == 0 ? 0 : 1);
}

/* The child and its child have copies of the child's line, too. */
START_TEST(test_a_fork_in_a_child) {
  int status, seen[3] = {0};
  fixture_init(&f);
  fixture_open(&f);
  tel_log_event(f.logger, TEL_INFO, "parent", NULL);
  pid_t child = fork();
  if (child == 0) {
    tel_log_event(f.logger, TEL_INFO, "child", NULL);
    pid_t second = fork();
    if (second == 0) say_and_start("second");
    if (waitpid(second, &status, 0) != second || status != 0) _exit(1);
    say_and_start("child");
  }
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  json_t *lines = close_and_read();
  for (size_t i = 0; i < json_array_size(lines); i++) {
    const char *message = fixture_text(lines, i, "message");
    seen[*message == 'p' ? 0 : *message == 'c' ? 1 : 2]++;
  }
  ck_assert_int_eq(seen[0], 1);
  ck_assert_int_eq(seen[1], 2); /* both lines of the child, once */
  ck_assert_int_eq(seen[2], 1);
  done(lines);
}
END_TEST

/* The start may be repeated: at the latest, closing the logger starts the writer again. */
START_TEST(test_a_start_without_a_thread) {
  pthread_attr_t before, huge;
  fixture_init(&f);
  fixture_open(&f);
  tel_log_event(f.logger, TEL_INFO, "queued", NULL);
  ck_assert_int_eq(pthread_getattr_default_np(&before), 0);
  ck_assert_int_eq(pthread_getattr_default_np(&huge), 0);
  ck_assert_int_eq(pthread_attr_setstacksize(&huge, (size_t)1 << 50), 0); /* more than an address space has */
  ck_assert_int_eq(pthread_setattr_default_np(&huge), 0);
  ck_assert_int_eq(tel_logger_start(f.logger), TEL_E_SYSTEM);
  ck_assert_int_eq(pthread_setattr_default_np(&before), 0);
  json_t *lines = close_and_read();
  ck_assert_uint_eq(json_array_size(lines), 1);
  done(lines);
}
END_TEST

START_TEST(test_levels) {
  enum tel_level level = TEL_FATAL;
  ck_assert(tel_level_parse("Warn", &level) && level == TEL_WARN);
  ck_assert(tel_level_parse("debug", &level) && level == TEL_DEBUG);
  ck_assert(!tel_level_parse("fatal", &level) && level == TEL_DEBUG);
  ck_assert(!tel_level_parse("", &level));
  ck_assert(!tel_log_enabled(NULL, TEL_FATAL));
  ck_assert_ptr_null(tel_log_begin(NULL, TEL_FATAL));
  ck_assert_ptr_null(tel_log_fields(NULL));
  tel_log_context(NULL, NULL);
  tel_log_message(NULL, "nothing");

  fixture_init(&f);
  fixture_run(&f);
  ck_assert(tel_log_enabled(f.logger, TEL_INFO) && !tel_log_enabled(f.logger, TEL_DEBUG));
  tel_log_event(f.logger, TEL_DEBUG, "hidden", NULL);
  tel_log_set_level(f.logger, TEL_DEBUG);
  tel_log_event(f.logger, TEL_DEBUG, "shown", NULL);
  tel_log_set_level(f.logger, TEL_ERROR);
  tel_log_event(f.logger, TEL_WARN, "hidden", NULL);
  y_log_message(Y_LOG_LEVEL_WARNING, "hidden");
  tel_log_event(f.logger, TEL_ERROR, "shown", NULL);
  tel_log_event(f.logger, (enum tel_level)(TEL_FATAL + 1), "no level", NULL);
  tel_log_set_level(f.logger, (enum tel_level) - 2);
  tel_log_event(f.logger, (enum tel_level) - 1, "no level", NULL);
  json_t *lines = close_and_read();
  ck_assert_uint_eq(json_array_size(lines), 2);
  ck_assert_str_eq(fixture_text(lines, 0, "message"), "shown");
  ck_assert_str_eq(fixture_text(lines, 1, "message"), "shown");
  ck_assert_uint_eq(fixture_accounted(&f), 2);
  done(lines);
}
END_TEST

START_TEST(test_switched_off) {
  fixture_init(&f);
  f.settings.enabled = false;
  fixture_run(&f);
  ck_assert(!tel_log_enabled(f.logger, TEL_FATAL));
  tel_log_set_level(f.logger, TEL_DEBUG);
  tel_log_event(f.logger, TEL_FATAL, "nothing", NULL);
  y_log_message(Y_LOG_LEVEL_ERROR, "nothing");
  ck_assert_int_eq(tel_log_reopen(f.logger), 0);
  ck_assert_uint_eq(fixture_close(&f), 0);
  ck_assert_int_ne(access(f.path, F_OK), 0);
  fixture_remove(&f);
}
END_TEST

START_TEST(test_what_libraries_say) {
  static const char text[] = "GET /%s%n%1000d\n{\"message\":\"order created\"}";
  fixture_init(&f);
  fixture_run(&f);
  y_log_message(Y_LOG_LEVEL_ERROR, "%s", text);
  y_log_message(Y_LOG_LEVEL_WARNING, "w");
  y_log_message(Y_LOG_LEVEL_INFO, "i");
  y_log_message(Y_LOG_LEVEL_DEBUG, "d");
  json_t *lines = close_and_read();
  ck_assert_uint_eq(json_array_size(lines), 3);
  ck_assert_str_eq(fixture_text(lines, 0, "message"), "library");
  ck_assert_str_eq(fixture_text(lines, 0, "detail"), text);
  ck_assert_str_eq(fixture_text(lines, 0, "level"), "ERROR");
  ck_assert_str_eq(fixture_text(lines, 1, "level"), "WARN");
  ck_assert_str_eq(fixture_text(lines, 2, "level"), "INFO");
  y_log_message(Y_LOG_LEVEL_ERROR, "after the end"); /* goes nowhere */
  done(lines);
}
END_TEST

START_TEST(test_one_logger_at_a_time) {
  struct tel_logger *other;
  fixture_init(&f);
  fixture_open(&f);
  struct tel_log_settings off = {.enabled = false};
  ck_assert_int_eq(tel_logger_new(&off, NULL, &other), 0);
  ck_assert_int_eq(tel_log_install(other), TEL_E_FULL);
  tel_logger_free(other, 0);
  y_log_message(Y_LOG_LEVEL_ERROR, "to the first");
  json_t *lines = close_and_read();
  ck_assert_uint_eq(json_array_size(lines), 1);
  json_decref(lines);

  tel_registry_free(f.registry);
  ck_assert_ptr_nonnull(f.registry = tel_registry_new(NULL));
  fixture_open(&f);
  y_log_message(Y_LOG_LEVEL_ERROR, "to the second");
  done(close_and_read());
}
END_TEST

START_TEST(test_used_up) {
  fixture_init(&f);
  f.settings.queue_size = 5;
  fixture_open(&f);
  for (int i = 0; i < 8; i++) tel_log_event(f.logger, TEL_INFO, "line", "%d", i);
  ck_assert_ptr_null(tel_log_begin(f.logger, TEL_INFO));
  ck_assert_double_eq(fixture_metric(&f, "telemetry_log_queue_capacity"), 5);
  ck_assert_double_eq(fixture_metric(&f, "telemetry_log_queue_size"), 5);
  ck_assert_double_eq(fixture_metric(&f, "telemetry_log_lines_dropped_total{reason=\"queue_full\"}"), 4);
  json_t *lines = close_and_read();
  ck_assert_uint_eq(json_array_size(lines), 5);
  for (size_t i = 0; i < 5; i++) ck_assert_int_eq(atoi(fixture_text(lines, i, "detail")), (int)i);
  ck_assert_uint_eq(fixture_accounted(&f), 9);
  done(lines);
}
END_TEST

/* Far more lines than the writer can write: unwritten lines are counted, and written lines are complete. */
START_TEST(test_every_record_is_accounted_for) {
  enum { THREADS = 4, COUNT = 5000 };
  static unsigned char seen[THREADS * COUNT];
  fixture_init(&f);
  f.settings.queue_size = 16;
  fixture_run(&f);
  fixture_log_many(&f, THREADS, COUNT);
  json_t *lines = close_and_read();
  ck_assert_uint_eq(fixture_accounted(&f), THREADS * COUNT);
  ck_assert_uint_eq(fixture_mark(lines, seen, COUNT),
                    (unsigned)fixture_metric(&f, "telemetry_log_lines_written_total"));
  done(lines);
}
END_TEST

static void *no_memory(size_t size) {
  (void)size;
  return NULL;
}

START_TEST(test_yder_without_memory) {
  fixture_init(&f);
  fixture_open(&f);
  o_set_alloc_funcs(no_memory, realloc, free);
  for (int i = 0; i < 5; i++) tel_log_event(f.logger, TEL_INFO, "without yder", NULL);
  o_set_alloc_funcs(malloc, realloc, free);
  ck_assert_double_eq(fixture_metric(&f, "telemetry_log_lines_dropped_total{reason=\"memory\"}"), 0);
  json_t *lines = close_and_read();
  ck_assert_uint_eq(json_array_size(lines), 5);
  done(lines);
}
END_TEST

/* A program may set up yder after the logger. Then yder's lines go where the program says, and the logger's
 * lines still go to its output. */
START_TEST(test_yder_set_up_anew) {
  fixture_init(&f);
  fixture_run(&f);
  tel_log_event(f.logger, TEL_INFO, "before", NULL);
  ck_assert_int_ne(y_init_logs("program", Y_LOG_MODE_NONE, Y_LOG_LEVEL_INFO, NULL, NULL), 0);
  y_log_message(Y_LOG_LEVEL_ERROR, "the program's");
  for (int i = 0; i < 3; i++) tel_log_event(f.logger, TEL_INFO, "after", NULL);
  json_t *lines = close_and_read();
  ck_assert_uint_eq(json_array_size(lines), 4);
  ck_assert_str_eq(fixture_text(lines, 3, "message"), "after");
  done(lines);
}
END_TEST

/* The parent's writer does not run in the child, so the child makes its own logger. */
START_TEST(test_a_fork_after_starting) {
#if SANITIZED
  return; /* the sanitizers' own locks and threads do not survive such a fork */
#endif
  fixture_init(&f);
  fixture_run(&f);
  pid_t child = fork();
  if (child == 0) {
    struct tel_logger *parents = f.logger;
    int result = tel_logger_new(&f.settings, NULL, &f.logger);
    if (result == 0) result = tel_log_install(f.logger);
    if (result == 0) result = tel_logger_start(f.logger);
    tel_logger_free(parents, 0); /* the child's logger stays installed */
    y_log_message(Y_LOG_LEVEL_ERROR, "from a library in the child");
    _exit(result == 0 && fixture_close(&f) == 0 ? 0 : 1);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  y_log_message(Y_LOG_LEVEL_ERROR, "from a library in the parent");
  json_t *lines = close_and_read();
  ck_assert_uint_eq(json_array_size(lines), 2);
  ck_assert_str_eq(fixture_text(lines, 0, "detail"), "from a library in the child");
  ck_assert_str_eq(fixture_text(lines, 1, "detail"), "from a library in the parent");
  done(lines);
}
END_TEST

START_TEST(test_values_are_limited) {
  static char text[100000];
  fixture_init(&f);
  fixture_open(&f);
  memset(text, 'x', sizeof text - 1);
  struct tel_log_record *record = tel_log_begin(f.logger, TEL_INFO);
  tel_attributes_set_string(tel_log_fields(record), "user_agent", text);
  tel_log_message(record, "m");
  y_log_message(Y_LOG_LEVEL_ERROR, "%s", text);
  json_t *lines = close_and_read();
  ck_assert_uint_eq(strlen(fixture_text(lines, 0, "user_agent")), 1024);
  ck_assert_uint_eq(strlen(fixture_text(lines, 1, "detail")), 1024);
  done(lines);
}
END_TEST

TEST_MAIN("log", test_a_line_from_end_to_end, test_events_wait_for_the_start, test_never_started,
          test_a_fork_between_making_and_starting, test_a_fork_in_a_child, test_a_start_without_a_thread,
          test_levels, test_switched_off, test_what_libraries_say, test_one_logger_at_a_time, test_used_up,
          test_every_record_is_accounted_for, test_yder_without_memory, test_yder_set_up_anew,
          test_a_fork_after_starting, test_values_are_limited)
