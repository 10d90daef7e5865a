/* SPDX-License-Identifier: MIT */
/* Where log lines go: standard output, or a file that is rotated and reopened. Inside of the logs part, see
 * log.h for its users. One owner at a time (the writer's thread); tel_log_output_write() may block. */
#ifndef TELEMETRY_LOGS_LOG_OUTPUT_H
#define TELEMETRY_LOGS_LOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tel/error.h"

struct tel_log_output;

/* What became of lines. Every line that is handed over ends up in one of the two, once; one that was written
 * in part waits for the next call, which completes it first, or for the end. */
enum tel_log_failure { TEL_LOG_FAILED_WRITE, TEL_LOG_FAILED_REOPEN, TEL_LOG_FAILED_ROTATE, TEL_LOG_FAILURES };

struct tel_log_result {
  uint64_t written;
  uint64_t lost;
  uint64_t rotations;
  int error;                    /* errno of the last failure, 0: none */
  enum tel_log_failure failure; /* its kind */
  uint64_t failures[TEL_LOG_FAILURES];
};

/* Asked while a descriptor that does not block takes nothing: true gives up (the lines are lost). */
typedef bool tel_log_give_up_fn(void *cls);

/* path "": standard output. A file is opened for appending, made if it is missing (0640); if its last line
 * was cut short by a crash it is ended first. no_link, max_bytes, keep: see tel_log_settings; only regular
 * files are rotated. TEL_E_SYSTEM: see errno; TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_log_output_new(const char *path, bool no_link, uint64_t max_bytes, unsigned keep,
                                      tel_log_give_up_fn *give_up, void *cls, struct tel_log_output **out);
/* Closes it; a line that was written in part is lost. Takes NULL. */
void tel_log_output_free(struct tel_log_output *output, struct tel_log_result *result);

/* Appends whole lines, adds to *result. No line is split over two files, and none is larger than max_bytes
 * together with others. A file that was renamed or removed is made anew first; while no file can be opened,
 * or nothing can be written, the lines are lost; the next call tries again. */
void tel_log_output_write(struct tel_log_output *output, const char *lines, size_t len,
                          struct tel_log_result *result);
/* Closes the file and opens it by its name; goes on with the old one if that fails. */
void tel_log_output_reopen(struct tel_log_output *output, struct tel_log_result *result);

#endif
