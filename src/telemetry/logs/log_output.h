/* SPDX-License-Identifier: MIT */
/* The output of log lines: standard output, or a file that is rotated and reopened. One owner at a time (the
 * writer's thread); tel_log_output_write() may block. */
#ifndef TELEMETRY_LOGS_LOG_OUTPUT_H
#define TELEMETRY_LOGS_LOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tel/error.h"

struct tel_log_output;

enum tel_log_failure { TEL_LOG_FAILED_WRITE, TEL_LOG_FAILED_REOPEN, TEL_LOG_FAILED_ROTATE, TEL_LOG_FAILURES };

/* Counts of lines. Every line is counted once, as written or as lost. A partly written line is counted later:
 * the next call completes it, or tel_log_output_free() counts it as lost. */
struct tel_log_result {
  uint64_t written;
  uint64_t lost;
  uint64_t rotations;
  int error;                    /* errno of the last failure, 0: none */
  enum tel_log_failure failure; /* its kind */
  uint64_t failures[TEL_LOG_FAILURES];
};

/* Called while a non-blocking descriptor accepts no bytes. If it returns true, the lines are lost. */
typedef bool tel_log_give_up_fn(void *cls);

/* path "": standard output. A file is opened for appending, and created if it is missing (0640). If a crash
 * left the last line incomplete, it is ended first. no_link, max_bytes, keep: see tel_log_settings; only
 * regular files are rotated. TEL_E_SYSTEM: see errno; TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_log_output_new(const char *path, bool no_link, uint64_t max_bytes, unsigned keep,
                                      tel_log_give_up_fn *give_up, void *cls, struct tel_log_output **out);
/* Closes it. A partly written line is lost. Accepts NULL. */
void tel_log_output_free(struct tel_log_output *output, struct tel_log_result *result);

/* Appends whole lines and adds the counts to *result. No line is split over two files. A file exceeds
 * max_bytes only if it holds a single line, or cannot be rotated. If the file was renamed or removed, creates
 * it again first. While opening or writing fails, the lines are lost; the next call tries again. */
void tel_log_output_write(struct tel_log_output *output, const char *lines, size_t len,
                          struct tel_log_result *result);
/* Opens the file by its name and closes the old one. Keeps the old one if that fails. */
void tel_log_output_reopen(struct tel_log_output *output, struct tel_log_result *result);

#endif
