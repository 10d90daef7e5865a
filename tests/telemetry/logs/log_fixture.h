/* SPDX-License-Identifier: MIT */
/* A logger that writes into a directory of its own, and readers for what it wrote. Failures end the test. */
#ifndef TELEMETRY_LOGS_LOG_FIXTURE_H
#define TELEMETRY_LOGS_LOG_FIXTURE_H

#include <jansson.h>
#include <stdint.h>

#include "tel/log.h"

struct fixture {
  char dir[64];
  char path[96]; /* of the log file */
  struct tel_log_settings settings;
  struct tel_registry *registry;
  struct tel_logger *logger;
};

/* Makes the directory and the settings, which the test may change before fixture_open(). */
void fixture_init(struct fixture *f);
/* Makes the logger and installs it; not started. */
void fixture_open(struct fixture *f);
void fixture_start(struct fixture *f);
/* Frees the logger with a deadline that nothing here needs. Returns the lost. */
uint64_t fixture_close(struct fixture *f);
/* Removes the directory, frees the registry. */
void fixture_remove(struct fixture *f);

/* The value of a series, as it is exposed; fails if there is none. */
double fixture_metric(struct fixture *f, const char *series);
/* Written and dropped lines, for whatever reason. */
uint64_t fixture_accounted(struct fixture *f);
/* Waits until the series has at least this value. */
void fixture_wait(struct fixture *f, const char *series, double value);

/* All lines of a file, parsed; every one must be whole. An array. */
json_t *fixture_lines(const char *path);
const char *fixture_text(json_t *lines, size_t index, const char *key);
json_int_t fixture_int(json_t *lines, size_t index, const char *key);

/* Logs count records with "thread" and "n" fields from each of so many threads; returns when all are done. */
void fixture_log_many(struct fixture *f, unsigned threads, unsigned count);
/* Marks the numbered records of the lines in seen[thread * count + n]; each may be there once. Returns how
 * many there were. */
unsigned fixture_mark(json_t *lines, unsigned char *seen, unsigned count);

#endif
