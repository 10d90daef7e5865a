/* SPDX-License-Identifier: MIT */
/* The pipeline of log records, and what its worker does: it puts many lines together and writes them at one
 * go. Inside of the logs part, see log.h for its users. Taking, giving back and pushing are for any thread;
 * they never wait and never allocate. */
#ifndef TELEMETRY_LOGS_LOG_WRITER_H
#define TELEMETRY_LOGS_LOG_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "telemetry/core/pipeline.h"
#include "telemetry/logs/log_record.h"
#include "telemetry/logs/log_stats.h"

struct tel_log_writer;

/* Opens the output. TEL_E_SYSTEM: the file (errno); TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_log_writer_new(const struct tel_log_settings *settings, struct tel_log_writer **out);
/* Where lines are counted, until tel_log_writer_free(); before the start. */
void tel_log_writer_count_in(struct tel_log_writer *writer, struct tel_log_stats *stats);
const struct tel_pipeline *tel_log_writer_pipeline(const struct tel_log_writer *writer);
/* Another name on the lines of what is logged before the start, and after it, in a child of the process that
 * made the writer. Before the start. TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_log_writer_rename(struct tel_log_writer *writer, const char *version,
                                         const char *instance);
/* Starts the thread. TEL_E_SYSTEM: errno. */
TEL_MUST_CHECK int tel_log_writer_start(struct tel_log_writer *writer);

/* A record to fill (not yet initialised), or NULL if all are out. */
struct tel_log_record *tel_log_writer_take(struct tel_log_writer *writer);
/* Takes a record back, with what its fields hold. */
void tel_log_writer_give(struct tel_log_writer *writer, struct tel_log_record *record);
/* Makes the record's line. False when out of memory. */
bool tel_log_writer_seal(const struct tel_log_writer *writer, struct tel_log_record *record);
/* Hands a finished record over, in the process of the writer. */
void tel_log_writer_push(struct tel_log_writer *writer, struct tel_log_record *record);

/* See tel_log_reopen(). */
TEL_MUST_CHECK int tel_log_writer_reopen(struct tel_log_writer *writer);
/* Writes what is queued, starting the thread for it if need be, until the deadline; counts the rest as lost.
 * If the output hangs, it is left behind with its thread and its memory a tenth of a second after that (or
 * after the call). Returns how many of the records that were queued are lost. */
uint64_t tel_log_writer_free(struct tel_log_writer *writer, uint64_t deadline_mono_ns);

#endif
