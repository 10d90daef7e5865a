/* SPDX-License-Identifier: MIT */
/* Shared by the programs of this folder, which use only the public headers. */
#ifndef TESTS_LIBRARY_CHECK_H
#define TESTS_LIBRARY_CHECK_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tel/scrape.h>
#include <tel/telemetry.h>

/* Ends the process with a message that names the failed condition. */
#define CHECK(condition)                                                                                     \
  do {                                                                                                       \
    if (condition) break;                                                                                    \
    fprintf(stderr, "%s:%d: %s does not hold (process %d)\n", __FILE__, __LINE__, #condition,                \
            (int)getpid());                                                                                  \
    _exit(1);                                                                                                \
  } while (0)

/* The value of a series in the exposition; -1: it is absent. */
static inline double series_value(struct tel *tel, const char *series) {
  struct tel_scrape scrape;
  double value = -1;
  CHECK(tel_scrape(tel_registry(tel), NULL, NULL, &scrape) == 0);
  char *text = strndup(scrape.body, scrape.size);
  CHECK(text);
  for (char *rest = NULL, *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
    if (strncmp(line, series, strlen(series)) == 0 && line[strlen(series)] == ' ')
      value = strtod(line + strlen(series), NULL);
  free(text);
  tel_scrape_free(&scrape);
  return value;
}

/* The entries of a directory of this process, such as /proc/self/task. */
static inline int entries(const char *path) {
  int count = 0;
  DIR *dir = opendir(path);
  CHECK(dir);
  while (readdir(dir)) count++;
  closedir(dir);
  return count;
}

/* A joined thread may still be listed for a moment. */
static inline void threads_become(int count) {
  for (int i = 0; i < 10000 && entries("/proc/self/task") != count; i++)
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  CHECK(entries("/proc/self/task") == count);
}

static inline void say(struct tel *tel, const char *message, int number) {
  struct tel_log_record *record = tel_log_begin(tel_logger(tel), TEL_INFO);
  tel_attributes_set_int(tel_log_fields(record), "number", number);
  tel_attributes_set_int(tel_log_fields(record), "process", getpid());
  tel_log_message(record, message);
}

#endif
