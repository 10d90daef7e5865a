/* SPDX-License-Identifier: MIT */
/* A logger that writes into its own directory, and functions that read its output. Failures end the test. */
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
/* Makes and installs the logger, but does not start it. */
void fixture_open(struct fixture *f);
void fixture_start(struct fixture *f);
/* Makes, installs and starts it. */
void fixture_run(struct fixture *f);
/* Frees the logger, with a deadline that is never reached. Returns the number of lost lines. */
uint64_t fixture_close(struct fixture *f);
/* Removes the directory, frees the registry. */
void fixture_remove(struct fixture *f);

/* The exposed value of a series. Fails the test if it is absent. */
double fixture_metric(struct fixture *f, const char *series);
/* The number of written and dropped lines, for any reason. */
uint64_t fixture_accounted(struct fixture *f);
/* Waits until the series has at least this value. */
void fixture_wait(struct fixture *f, const char *series, double value);

/* All lines of a file, parsed, as an array. Every line must be complete. */
json_t *fixture_lines(const char *path);
const char *fixture_text(json_t *lines, size_t index, const char *key);
json_int_t fixture_int(json_t *lines, size_t index, const char *key);

/* Each of this many threads logs count records with the fields "thread" and "n". Returns when all have ended.
 */
void fixture_log_many(struct fixture *f, unsigned threads, unsigned count);
/* Marks the numbered records of the lines in seen[thread * count + n]. Each may occur once. Returns their
 * number. */
unsigned fixture_mark(json_t *lines, unsigned char *seen, unsigned count);

#endif
