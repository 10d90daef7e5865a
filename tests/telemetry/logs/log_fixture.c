/* SPDX-License-Identifier: MIT */
#include "telemetry/logs/log_fixture.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/test.h"
#include "telemetry/metrics/exposition.h"

enum { MAX_THREADS = 8, WAIT_S = 30 };

void fixture_init(struct fixture *f) {
  memset(f, 0, sizeof *f);
  strcpy(f->dir, "/tmp/test_log.XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(f->dir));
  snprintf(f->path, sizeof f->path, "%s/log", f->dir);
  f->settings = (struct tel_log_settings){.level = TEL_INFO,
                                          .enabled = true,
                                          .tell_stderr = true,
                                          .file = f->path,
                                          .app = "minishop",
                                          .version = "1.2.3",
                                          .instance = "here"};
  ck_assert_ptr_nonnull(f->registry = tel_registry_new(NULL));
}

void fixture_open(struct fixture *f) {
  ck_assert_int_eq(tel_logger_new(&f->settings, f->registry, &f->logger), 0);
  ck_assert_int_eq(tel_log_install(f->logger), 0);
}

void fixture_start(struct fixture *f) {
  ck_assert_int_eq(tel_logger_start(f->logger), 0);
}

void fixture_run(struct fixture *f) {
  fixture_open(f);
  fixture_start(f);
}

uint64_t fixture_close(struct fixture *f) {
  uint64_t lost = tel_logger_free(f->logger, clock_mono_ns() + WAIT_S * CLOCK_NS_PER_S);
  f->logger = NULL;
  return lost;
}

void fixture_remove(struct fixture *f) {
  DIR *dir = opendir(f->dir);
  ck_assert_ptr_nonnull(dir);
  for (struct dirent *entry; (entry = readdir(dir));) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", f->dir, entry->d_name);
    remove(path);
  }
  closedir(dir);
  rmdir(f->dir);
  tel_registry_free(f->registry);
}

double fixture_metric(struct fixture *f, const char *series) {
  struct buf text = BUF_INIT(1 << 20);
  ck_assert_int_eq(tel_exposition_write(f->registry, TEL_FORMAT_TEXT, &text), 0);
  char name[128];
  snprintf(name, sizeof name, "\n%s ", series);
  const char *at = strstr(buf_cstr(&text), name);
  ck_assert_msg(at != NULL, "%s is not in:\n%s", series, text.data);
  double value = strtod(at + strlen(name), NULL);
  buf_free(&text);
  return value;
}

uint64_t fixture_accounted(struct fixture *f) {
  return (uint64_t)(fixture_metric(f, "telemetry_log_lines_written_total") +
                    fixture_metric(f, "telemetry_log_lines_dropped_total{reason=\"queue_full\"}") +
                    fixture_metric(f, "telemetry_log_lines_dropped_total{reason=\"write_error\"}") +
                    fixture_metric(f, "telemetry_log_lines_dropped_total{reason=\"shutdown\"}") +
                    fixture_metric(f, "telemetry_log_lines_dropped_total{reason=\"memory\"}"));
}

void fixture_wait(struct fixture *f, const char *series, double value) {
  uint64_t until = clock_mono_ns() + WAIT_S * CLOCK_NS_PER_S;
  while (fixture_metric(f, series) < value) {
    ck_assert_msg(clock_mono_ns() < until, "%s stays at %g", series, fixture_metric(f, series));
    clock_sleep_ns(CLOCK_NS_PER_MS);
  }
}

json_t *fixture_lines(const char *path) {
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "%s", path);
  json_t *lines = json_array();
  char *line = NULL;
  size_t size = 0;
  for (ssize_t len; (len = getline(&line, &size, file)) > 0;) {
    ck_assert_msg(line[len - 1] == '\n', "%s: cut short: %s", path, line);
    json_t *json = json_loadb(line, (size_t)len, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(json != NULL, "%s: not JSON: %s", path, line);
    json_array_append_new(lines, json);
  }
  free(line);
  fclose(file);
  return lines;
}

static json_t *value_of(json_t *lines, size_t index, const char *key) {
  json_t *value = json_object_get(json_array_get(lines, index), key);
  ck_assert_msg(value != NULL, "line %zu of %zu has no %s", index, json_array_size(lines), key);
  return value;
}

const char *fixture_text(json_t *lines, size_t index, const char *key) {
  return json_string_value(value_of(lines, index, key));
}

json_int_t fixture_int(json_t *lines, size_t index, const char *key) {
  return json_integer_value(value_of(lines, index, key));
}

struct many {
  struct tel_logger *logger;
  unsigned number, count;
  pthread_t thread;
};

static void *log_many(void *cls) {
  struct many *many = cls;
  for (unsigned n = 0; n < many->count; n++) {
    struct tel_log_record *record = tel_log_begin(many->logger, TEL_INFO);
    tel_attributes_set_int(tel_log_fields(record), "thread", many->number);
    tel_attributes_set_int(tel_log_fields(record), "n", n);
    tel_log_message(record, "counted");
  }
  return NULL;
}

void fixture_log_many(struct fixture *f, unsigned threads, unsigned count) {
  struct many many[MAX_THREADS];
  for (unsigned i = 0; i < threads; i++) {
    many[i] = (struct many){.logger = f->logger, .number = i, .count = count};
    ck_assert_int_eq(pthread_create(&many[i].thread, NULL, log_many, &many[i]), 0);
  }
  for (unsigned i = 0; i < threads; i++) pthread_join(many[i].thread, NULL);
}

unsigned fixture_mark(json_t *lines, unsigned char *seen, unsigned count) {
  unsigned marked = 0;
  for (size_t i = 0; i < json_array_size(lines); i++) {
    if (strcmp(fixture_text(lines, i, "message"), "counted") != 0) continue;
    json_int_t at = fixture_int(lines, i, "thread") * count + fixture_int(lines, i, "n");
    ck_assert_msg(!seen[at], "record %lld is there twice", (long long)at);
    seen[at] = 1;
    marked++;
  }
  return marked;
}
