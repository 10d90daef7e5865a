/* SPDX-License-Identifier: MIT */
/* Log files: rotation, reopening, and their failures. Lines are numbered: each must be found exactly once, or
 * be counted as lost. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "support/files.h"
#include "support/test.h"
#include "telemetry/logs/log_fixture.h"

#define WRITTEN "telemetry_log_lines_written_total"
#define LOST "telemetry_log_lines_dropped_total{reason=\"write_error\"}"
#define FAILED "telemetry_log_output_failures_total"
#define ROTATIONS "telemetry_log_rotations_total"

enum { THREADS = 4, COUNT = 2000 };

static struct fixture f;
static unsigned char seen[THREADS * COUNT];

/* Hides the writer's reports on standard error, which this test does not check. */
static void begin(void) {
  memset(seen, 0, sizeof seen);
  ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
  fixture_init(&f);
  f.settings.queue_size = THREADS * COUNT; /* so that no line is lost to a full queue */
}

static void log_one(const char *message) {
  tel_log_event(f.logger, TEL_INFO, message, NULL);
}

/* Logs a line and waits until it is in the file. */
static void begin_with(const char *message) {
  begin();
  fixture_run(&f);
  log_one(message);
  fixture_wait(&f, WRITTEN, 1);
}

/* Marks the lines of all files in the directory. Returns their number. */
static unsigned mark_all(uint64_t max_bytes, unsigned *files) {
  unsigned marked = 0;
  DIR *dir = opendir(f.dir);
  *files = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    char path[512];
    struct stat st;
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", f.dir, entry->d_name);
    ck_assert_int_eq(stat(path, &st), 0);
    if (max_bytes) ck_assert_uint_le((uint64_t)st.st_size, max_bytes);
    json_t *lines = fixture_lines(path);
    marked += fixture_mark(lines, seen, COUNT);
    json_decref(lines);
    ++*files;
  }
  closedir(dir);
  return marked;
}

static void expect_file(const char *suffix, const char *message) {
  char path[200];
  snprintf(path, sizeof path, "%s%s", f.path, suffix);
  json_t *lines = fixture_lines(path);
  ck_assert_uint_ge(json_array_size(lines), 1);
  ck_assert_str_eq(fixture_text(lines, 0, "message"), message);
  json_decref(lines);
}

static void *log_all(void *unused) {
  (void)unused;
  fixture_log_many(&f, THREADS, COUNT);
  return NULL;
}

START_TEST(test_rotation_loses_nothing) {
  unsigned files;
  begin();
  f.settings.max_bytes = 20000;
  f.settings.keep = 1000;
  fixture_run(&f);
  fixture_log_many(&f, THREADS, COUNT);
  ck_assert_uint_eq(fixture_close(&f), 0);
  ck_assert_uint_eq(mark_all(20000, &files), THREADS * COUNT);
  ck_assert_uint_gt(files, 40);
  ck_assert_double_eq(fixture_metric(&f, ROTATIONS), files - 1);
  ck_assert_double_eq(fixture_metric(&f, WRITTEN), THREADS * COUNT);
  fixture_remove(&f);
  TEST_FIGURE("test_rotation_loses_nothing", "%d lines, %u rotations by size, 0 lost", THREADS * COUNT,
              files - 1);
}
END_TEST

/* Opens the log so that each line begins a new file. */
static void start_rotating(unsigned keep) {
  f.settings.max_bytes = 1;
  f.settings.keep = keep;
  fixture_run(&f);
}

START_TEST(test_as_many_files_as_are_kept) {
  char path[200];
  begin();
  start_rotating(2);
  log_one("first");
  log_one("second");
  log_one("third");
  log_one("fourth");
  ck_assert_uint_eq(fixture_close(&f), 0);
  expect_file("", "fourth");
  expect_file(".1", "third");
  expect_file(".2", "second");
  snprintf(path, sizeof path, "%s.3", f.path);
  ck_assert_int_ne(access(path, F_OK), 0);
  fixture_remove(&f);
}
END_TEST

/* Each rotation renames the files that exist, not all that may exist. */
START_TEST(test_all_files_are_kept) {
  begin();
  start_rotating(UINT_MAX);
  log_one("first");
  log_one("second");
  log_one("third");
  ck_assert_uint_eq(fixture_close(&f), 0);
  expect_file("", "third");
  expect_file(".1", "second");
  expect_file(".2", "first");
  fixture_remove(&f);
}
END_TEST

/* No file of that name can exist. The search for a free number ends nevertheless. */
START_TEST(test_a_name_too_long_for_a_number) {
  char path[512];
  begin();
  snprintf(path, sizeof path, "%s/%0255d", f.dir, 0);
  f.settings.file = path;
  start_rotating(UINT_MAX);
  log_one("first");
  log_one("second");
  ck_assert_uint_eq(fixture_close(&f), 0);
  ck_assert_double_eq(fixture_metric(&f, WRITTEN), 3); /* one of them says that the rotation failed */
  ck_assert_double_gt(fixture_metric(&f, FAILED "{reason=\"rotate\"}"), 0);
  fixture_remove(&f);
}
END_TEST

START_TEST(test_nothing_kept) {
  unsigned files;
  begin();
  f.settings.max_bytes = 20000;
  fixture_run(&f);
  fixture_log_many(&f, THREADS, COUNT);
  ck_assert_uint_eq(fixture_close(&f), 0);
  ck_assert_uint_gt(mark_all(20000, &files), 0);
  ck_assert_uint_eq(files, 1);
  fixture_remove(&f);
}
END_TEST

/* A directory named FILE.1 prevents the rotation. The file then exceeds its limit, and no line is lost. */
START_TEST(test_rotation_refused) {
  char path[200], inner[210];
  begin();
  snprintf(path, sizeof path, "%s.1", f.path);
  snprintf(inner, sizeof inner, "%s/x", path);
  ck_assert_int_eq(mkdir(path, 0700), 0);
  ck_assert_int_eq(mkdir(inner, 0700), 0);
  f.settings.max_bytes = 1000;
  f.settings.keep = 1;
  fixture_run(&f);
  fixture_log_many(&f, THREADS, COUNT);
  ck_assert_uint_eq(fixture_close(&f), 0);
  json_t *lines = fixture_lines(f.path);
  ck_assert_uint_eq(fixture_mark(lines, seen, COUNT), THREADS * COUNT);
  json_decref(lines);
  ck_assert_double_eq(fixture_metric(&f, LOST), 0);
  ck_assert_double_eq(fixture_metric(&f, ROTATIONS), 0);
  ck_assert_double_gt(fixture_metric(&f, FAILED "{reason=\"rotate\"}"), 0);
  rmdir(inner);
  fixture_remove(&f);
}
END_TEST

START_TEST(test_goes_on_behind_what_is_there) {
  struct stat st;
  begin();
  files_write(f.path, "{\"message\":\"old\"}\n{\"message\":\"cut by a cra");
  fixture_run(&f);
  log_one("new");
  ck_assert_uint_eq(fixture_close(&f), 0);
  char text[200], *end;
  ck_assert_int_gt(file_read(f.path, text, sizeof text), 0);
  end = strstr(text, "cut by a cra\n{\"timestamp\":");
  ck_assert_ptr_nonnull(end);

  ck_assert_int_eq(unlink(f.path), 0);
  tel_registry_free(f.registry);
  f.registry = tel_registry_new(NULL);
  mode_t mask = umask(0);
  fixture_open(&f);
  umask(mask);
  ck_assert_int_eq(stat(f.path, &st), 0);
  ck_assert_int_eq(st.st_mode & 07777, 0640);
  fixture_close(&f);
  fixture_remove(&f);
}
END_TEST

START_TEST(test_cannot_be_opened) {
  struct tel_logger *logger = NULL;
  begin();
  f.settings.file = "/nonexistent/directory/log";
  ck_assert_int_eq(tel_logger_new(&f.settings, f.registry, &logger), TEL_E_SYSTEM);
  ck_assert_int_eq(errno, ENOENT);
  ck_assert_ptr_null(logger);
  fixture_remove(&f);
}
END_TEST

/* A named pipe is like standard output: nothing waits for its reader, neither the start nor a reload. */
START_TEST(test_a_named_pipe) {
  char text[400] = "";
  begin();
  ck_assert_int_eq(mkfifo(f.path, 0600), 0);
  ck_assert_int_eq(tel_logger_new(&f.settings, f.registry, &f.logger), TEL_E_SYSTEM);
  ck_assert_int_eq(errno, ENXIO);
  int reader = open(f.path, O_RDONLY | O_NONBLOCK);
  ck_assert_int_ge(reader, 0);
  fixture_run(&f);
  log_one("read");
  fixture_wait(&f, WRITTEN, 1);
  ck_assert_int_gt(read(reader, text, sizeof text - 1), 0);
  ck_assert_ptr_nonnull(strstr(text, "\"message\":\"read\""));
  close(reader);
  ck_assert_int_eq(tel_log_reopen(f.logger), TEL_E_SYSTEM);
  ck_assert_int_eq(errno, ENXIO);
  log_one("lost");
  ck_assert_uint_gt(fixture_close(&f), 0);
  fixture_remove(&f);
}
END_TEST

/* The reader of a pipe stops: the end does not wait for it, and counts what it did not read. */
START_TEST(test_a_pipe_that_is_not_read) {
  begin();
  ck_assert_int_eq(mkfifo(f.path, 0600), 0);
  int reader = open(f.path, O_RDONLY | O_NONBLOCK);
  ck_assert_int_ge(reader, 0);
  fixture_run(&f);
  fixture_log_many(&f, THREADS, COUNT);
  ck_assert_uint_gt(tel_logger_free(f.logger, clock_mono_ns() + 200 * CLOCK_NS_PER_MS), 0);
  ck_assert_double_gt(fixture_metric(&f, WRITTEN), 0);
  close(reader);
  fixture_remove(&f);
}
END_TEST

/* Renames and reopens repeatedly, as logrotate does, while threads log. */
START_TEST(test_reopening_under_load) {
  unsigned files, moved = 0;
  pthread_t logging;
  begin();
  fixture_run(&f);
  ck_assert_int_eq(pthread_create(&logging, NULL, log_all, NULL), 0);
  while (moved < 50 || fixture_metric(&f, WRITTEN) < THREADS * COUNT) {
    char path[200];
    snprintf(path, sizeof path, "%s.moved%u", f.path, moved);
    if (rename(f.path, path) == 0) moved++;
    ck_assert_int_eq(tel_log_reopen(f.logger), 0);
  }
  pthread_join(logging, NULL);
  ck_assert_uint_eq(fixture_close(&f), 0);
  ck_assert_uint_eq(mark_all(0, &files), THREADS * COUNT);
  ck_assert_uint_ge(files, 50);
  fixture_remove(&f);
  TEST_FIGURE("test_reopening_under_load", "%d lines, %u files moved and reopened, 0 lost", THREADS * COUNT,
              moved);
}
END_TEST

/* The path no longer exists: the caller gets an error, the log reports it, and no line is lost. */
START_TEST(test_reopening_refused) {
  char moved[200];
  begin_with("before");
  snprintf(moved, sizeof moved, "%s.moved", f.path);
  ck_assert_int_eq(rename(f.path, moved), 0);
  ck_assert_int_eq(mkdir(f.path, 0700), 0);
  ck_assert_int_eq(tel_log_reopen(f.logger), TEL_E_SYSTEM);
  ck_assert_int_eq(errno, EISDIR);
  log_one("after");
  fixture_wait(&f, WRITTEN, 3);
  ck_assert_double_ge(fixture_metric(&f, FAILED "{reason=\"reopen\"}"), 1);
  ck_assert_double_eq(fixture_metric(&f, FAILED "{reason=\"write\"}"), 0);
  ck_assert_int_eq(rmdir(f.path), 0);
  ck_assert_int_eq(tel_log_reopen(f.logger), 0);
  log_one("again");
  fixture_wait(&f, WRITTEN, 5);
  ck_assert_uint_eq(fixture_close(&f), 0);
  json_t *lines = fixture_lines(moved);
  ck_assert_uint_eq(json_array_size(lines), 3);
  ck_assert_str_eq(fixture_text(lines, 0, "message"), "before");
  ck_assert_str_eq(fixture_text(lines, 1, "message"), "log output failed");
  ck_assert_str_eq(fixture_text(lines, 1, "level"), "WARN");
  ck_assert_ptr_nonnull(strstr(fixture_text(lines, 1, "detail"), "cannot open the file by its name"));
  ck_assert_ptr_nonnull(strstr(fixture_text(lines, 1, "detail"), strerror(EISDIR)));
  ck_assert_str_eq(fixture_text(lines, 2, "message"), "after");
  json_decref(lines);
  lines = fixture_lines(f.path);
  ck_assert_str_eq(fixture_text(lines, 0, "message"), "again");
  ck_assert_str_eq(fixture_text(lines, 1, "message"), "log output recovered");
  ck_assert_int_eq(fixture_int(lines, 1, "lost"), 0);
  json_decref(lines);
  fixture_remove(&f);
}
END_TEST

START_TEST(test_a_file_that_vanished) {
  begin_with("first");
  ck_assert_int_eq(unlink(f.path), 0);
  log_one("second");
  fixture_wait(&f, WRITTEN, 2);
  expect_file("", "second");
  ck_assert_uint_eq(fixture_close(&f), 0);
  fixture_remove(&f);
}
END_TEST

/* The directory disappears and reappears. */
START_TEST(test_a_directory_that_vanished) {
  char aside[80];
  begin_with("first");
  ck_assert_int_eq(unlink(f.path), 0);
  snprintf(aside, sizeof aside, "%s-aside", f.dir);
  ck_assert_int_eq(rename(f.dir, aside), 0);
  log_one("lost");
  fixture_wait(&f, LOST, 1);
  ck_assert_int_eq(rename(aside, f.dir), 0);
  log_one("back");
  fixture_wait(&f, WRITTEN, 3);
  ck_assert_uint_eq(fixture_close(&f), 0);
  json_t *lines = fixture_lines(f.path);
  ck_assert_uint_eq(json_array_size(lines), 2);
  ck_assert_str_eq(fixture_text(lines, 0, "message"), "back");
  ck_assert_str_eq(fixture_text(lines, 1, "message"), "log output recovered");
  ck_assert_str_eq(fixture_text(lines, 1, "level"), "WARN");
  ck_assert_int_eq(fixture_int(lines, 1, "lost"), 1);
  json_decref(lines);
  fixture_remove(&f);
}
END_TEST

START_TEST(test_a_full_device) {
  unsigned files;
  begin();
  ck_assert_int_eq(symlink("/dev/full", f.path), 0);
  f.settings.max_bytes = 1000; /* must not cause the rename of a device */
  f.settings.keep = 1;
  fixture_run(&f);
  fixture_log_many(&f, THREADS, 10);
  fixture_wait(&f, LOST, THREADS * 10);
  ck_assert_int_eq(unlink(f.path), 0);
  log_one("works again");
  fixture_wait(&f, WRITTEN, 2);
  ck_assert_uint_eq(fixture_close(&f), 0);
  json_t *lines = fixture_lines(f.path);
  ck_assert_int_eq(fixture_int(lines, 1, "lost"), THREADS * 10);
  json_decref(lines);
  ck_assert_double_eq(fixture_metric(&f, LOST), THREADS * 10);
  ck_assert_uint_eq(mark_all(0, &files), 0);
  ck_assert_uint_eq(files, 1);
  fixture_remove(&f);
}
END_TEST

static void limit_files(rlim_t bytes) {
  struct rlimit limit;
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The disk becomes full in the middle of a line and has room again later: the line is completed. */
START_TEST(test_a_line_written_in_part) {
  begin();
  fixture_run(&f);
  limit_files(10001);
  fixture_log_many(&f, 1, 200);
  fixture_wait(&f, LOST, 1);
  uint64_t until = clock_mono_ns() + 30 * CLOCK_NS_PER_S;
  while (fixture_accounted(&f) < 199 && clock_mono_ns() < until) clock_sleep_ns(CLOCK_NS_PER_MS);
  ck_assert_uint_eq(fixture_accounted(&f), 199); /* all but that one line */
  limit_files(RLIM_INFINITY);
  log_one("room again");
  fixture_wait(&f, "telemetry_log_lines_written_total", 1);
  ck_assert_uint_eq(fixture_close(&f), 0);
  ck_assert_uint_eq(fixture_accounted(&f), 202);
  json_t *lines = fixture_lines(f.path);
  size_t count = json_array_size(lines);
  unsigned marked = fixture_mark(lines, seen, COUNT);
  ck_assert_uint_eq(marked, count - 2);
  ck_assert_uint_eq(count, (size_t)fixture_metric(&f, WRITTEN));
  ck_assert_uint_eq(fixture_int(lines, count - 1, "lost"), 200 - marked);
  ck_assert_double_eq(fixture_metric(&f, LOST), 200 - marked);
  json_decref(lines);
  fixture_remove(&f);
}
END_TEST

/* The disk stays full until the end: that line is counted as lost. */
START_TEST(test_a_line_never_completed) {
  begin();
  fixture_run(&f);
  limit_files(10001);
  fixture_log_many(&f, 1, 200);
  fixture_close(&f);
  limit_files(RLIM_INFINITY);
  ck_assert_uint_eq(fixture_accounted(&f), 200);
  fixture_remove(&f);
}
END_TEST

/* tel_logger_free() returns the number of lines that it could not write. */
START_TEST(test_a_full_device_at_the_end) {
  begin();
  ck_assert_int_eq(symlink("/dev/full", f.path), 0);
  fixture_open(&f);
  for (int i = 0; i < 5; i++) log_one("lost");
  ck_assert_uint_eq(fixture_close(&f), 5);
  ck_assert_double_eq(fixture_metric(&f, LOST), 5);
  fixture_remove(&f);
}
END_TEST

/* Otherwise the owner of the directory could make root write anywhere. */
START_TEST(test_a_link_is_refused) {
  char target[128];
  struct stat st;
  begin();
  snprintf(target, sizeof target, "%s/elsewhere", f.dir);
  ck_assert_int_eq(symlink(target, f.path), 0);
  f.settings.no_link = true;
  ck_assert_int_eq(tel_logger_new(&f.settings, NULL, &f.logger), TEL_E_SYSTEM);
  ck_assert_int_eq(errno, ELOOP);
  ck_assert_int_ne(stat(target, &st), 0);
  f.settings.no_link = false; /* allowed for a process that is not root */
  ck_assert_int_eq(tel_logger_new(&f.settings, NULL, &f.logger), 0);
  ck_assert_uint_eq(tel_logger_free(f.logger, UINT64_MAX), 0);
  ck_assert_int_eq(stat(target, &st), 0);
  fixture_remove(&f);
}
END_TEST

TEST_MAIN("log-file", test_rotation_loses_nothing, test_as_many_files_as_are_kept, test_all_files_are_kept,
          test_a_name_too_long_for_a_number, test_nothing_kept, test_rotation_refused,
          test_goes_on_behind_what_is_there, test_cannot_be_opened, test_a_named_pipe,
          test_a_pipe_that_is_not_read, test_a_link_is_refused, test_reopening_under_load,
          test_reopening_refused, test_a_file_that_vanished, test_a_directory_that_vanished,
          test_a_full_device, test_a_full_device_at_the_end, test_a_line_written_in_part,
          test_a_line_never_completed)
