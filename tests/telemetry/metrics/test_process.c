/* SPDX-License-Identifier: MIT */
#include "telemetry/metrics/process.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/test.h"
#include "telemetry/metrics/exposition.h"

/* The exposition of the process families, read from this root. The caller frees it. */
static char *expose(const char *proc) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct buf out = BUF_INIT(SIZE_MAX);
  ck_assert_int_eq(tel_process_register_at(registry, proc), 0);
  ck_assert_int_eq(tel_exposition_write(registry, TEL_FORMAT_TEXT, &out), 0);
  char *text = strdup(buf_cstr(&out));
  buf_free(&out);
  tel_registry_free(registry);
  return text;
}

static char *expose_case(const char *name) {
  char root[1024];
  snprintf(root, sizeof root, "%s/process/%s", getenv("TEST_DATA"), name);
  return expose(root);
}

static void check_has(const char *text, const char *line) {
  ck_assert_msg(strstr(text, line) != NULL, "no %s in %s", line, text);
}

START_TEST(test_values) {
  char *text = expose_case("awkward-name"); /* "(a) b) R 1 2" with a minor-fault count and a nice of -5 */
  check_has(text, "\nprocess_cpu_seconds_total 3.75\n");
  check_has(text, "\nprocess_threads 12\n");
  check_has(text, "\nprocess_virtual_memory_bytes 123456789\n");
  char line[100];
  snprintf(line, sizeof line, "\nprocess_resident_memory_bytes %ld\n", 300 * sysconf(_SC_PAGESIZE));
  check_has(text, line);
  check_has(text, "\nprocess_start_time_seconds 1700000012.34\n");
  check_has(text, "\nprocess_open_fds 3\n");
  check_has(text, "\nprocess_max_fds ");
  free(text);
}
END_TEST

/* Absent, never 0 and never garbage. */
START_TEST(test_unreadable) {
  static const char *const stat_families[] = {"process_cpu_seconds_total", "process_threads",
                                              "process_virtual_memory_bytes", "process_resident_memory_bytes",
                                              "process_start_time_seconds"};
  static const char *const cases[] = {"missing", "empty-stat", "short-stat", "no-bracket", "not-numbers"};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    char *text = expose_case(cases[c]);
    for (size_t i = 0; i < sizeof stat_families / sizeof *stat_families; i++)
      ck_assert_msg(strstr(text, stat_families[i]) == NULL, "%s in case %s", stat_families[i], cases[c]);
    ck_assert_ptr_null(strstr(text, "process_open_fds"));
    check_has(text, "\nprocess_max_fds ");
    free(text);
  }
}
END_TEST

START_TEST(test_no_boot_time) {
  char *text = expose_case("no-boot-time");
  ck_assert_ptr_null(strstr(text, "process_start_time_seconds"));
  check_has(text, "\nprocess_threads 12\n");
  free(text);
}
END_TEST

static double value_of(const char *text, const char *sample) {
  const char *at = strstr(text, sample);
  ck_assert_msg(at != NULL, "no %s", sample);
  return strtod(at + strlen(sample), NULL);
}

static int count_open_fds(void) {
  int count = 0;
  for (int fd = 0; fd < 1024; fd++) count += fcntl(fd, F_GETFD) != -1;
  return count;
}

static void *wait_for_exposition(void *barrier) {
  pthread_barrier_wait(barrier);
  return NULL;
}

START_TEST(test_this_process) {
  char *before = expose("/proc");
  FILE *more = tmpfile();
  pthread_barrier_t exposed;
  pthread_t thread;
  pthread_barrier_init(&exposed, NULL, 2);
  ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_exposition, &exposed), 0);
  char *after = expose("/proc");
  pthread_barrier_wait(&exposed);
  pthread_join(thread, NULL);
  pthread_barrier_destroy(&exposed);
  fclose(more);
  ck_assert_double_eq(value_of(before, "\nprocess_open_fds "), count_open_fds());
  ck_assert_double_eq(value_of(after, "\nprocess_open_fds "), value_of(before, "\nprocess_open_fds ") + 1);
  /* Differences, not numbers: a sanitizer has a thread of its own, which it starts with the first of ours. */
  ck_assert_double_ge(value_of(before, "\nprocess_threads "), 1);
  ck_assert_double_gt(value_of(after, "\nprocess_threads "), value_of(before, "\nprocess_threads "));
  ck_assert_double_gt(value_of(before, "\nprocess_resident_memory_bytes "), 100000);
  double start = value_of(before, "\nprocess_start_time_seconds "), now = (double)clock_unix_ns() / 1e9;
  ck_assert(start > now - 86400 && start < now + 2);
  ck_assert(value_of(before, "\nprocess_cpu_seconds_total ") <=
            value_of(after, "\nprocess_cpu_seconds_total "));
  free(before);
  free(after);
}
END_TEST

START_TEST(test_taken) {
  struct tel_registry *registry = tel_registry_new(NULL);
  ck_assert_int_eq(tel_process_register(registry), 0);
  ck_assert_int_eq(tel_process_register(registry), TEL_E_NAME);
  tel_registry_free(registry);
}
END_TEST

TEST_MAIN("process", test_values, test_unreadable, test_no_boot_time, test_this_process, test_taken)
