/* SPDX-License-Identifier: MIT */
/* The pipeline of log records. Its worker gathers many lines and writes them together. Any thread may take,
 * give back and push records. These calls allocate nothing, and take a lock only to wake the worker. */
#ifndef TELEMETRY_LOGS_LOG_WRITER_H
#define TELEMETRY_LOGS_LOG_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "telemetry/core/pipeline.h"
#include "telemetry/logs/log_record.h"
#include "telemetry/logs/log_stats.h"

struct tel_log_writer;

/* Opens the output. Lines are counted in stats until tel_log_writer_free(): open them before the start.
 * TEL_E_SYSTEM: cannot open the file (errno); TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_log_writer_new(const struct tel_log_settings *settings, struct tel_log_stats *stats,
                                      struct tel_log_writer **out);
const struct tel_pipeline *tel_log_writer_pipeline(const struct tel_log_writer *writer);
/* Changes version and instance in all lines, including those of queued records. For a child of the process
 * that made the writer. Call it before the start. TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_log_writer_rename(struct tel_log_writer *writer, const char *version,
                                         const char *instance);
/* Starts the thread. TEL_E_SYSTEM: errno. */
TEL_MUST_CHECK int tel_log_writer_start(struct tel_log_writer *writer);

/* Returns a record to fill (not yet initialised), or NULL if all are in use. */
struct tel_log_record *tel_log_writer_take(struct tel_log_writer *writer);
/* Clears a record's fields and gives it back. */
void tel_log_writer_give(struct tel_log_writer *writer, struct tel_log_record *record);
/* Makes the record's line. Returns false when out of memory. */
bool tel_log_writer_seal(const struct tel_log_writer *writer, struct tel_log_record *record);
/* Queues a finished record. Call it only in the writer's process. */
void tel_log_writer_push(struct tel_log_writer *writer, struct tel_log_record *record);

/* See tel_log_reopen(). */
TEL_MUST_CHECK int tel_log_writer_reopen(struct tel_log_writer *writer);
/* Writes queued records until the deadline, and starts the thread for that if necessary. Counts the rest as
 * lost. If the output hangs, the thread and its memory are left behind a tenth of a second after the deadline
 * (or the call, if later). Returns how many queued records were lost. */
uint64_t tel_log_writer_free(struct tel_log_writer *writer, uint64_t deadline_mono_ns);

#endif
