/* The thread that writes the lines of queued records: inside of the logs part, see log.h for its users. It
 * puts many lines together and writes them at one go. */
#ifndef TELEMETRY_LOG_WRITER_H
#define TELEMETRY_LOG_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "telemetry/log_queue.h"
#include "telemetry/log_stats.h"

struct tel_log_writer;

/* Opens the output. The queue becomes the writer's on success; stats must outlive it. TEL_E_SYSTEM: the
 * file (errno); TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_log_writer_new(const struct tel_log_settings *settings, struct tel_log_queue *queue,
                                      struct tel_log_stats *stats, struct tel_log_writer **out);
/* Another name on the lines that are written from now on, in a child of the process that made the writer.
 * Before the start. TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_log_writer_rename(struct tel_log_writer *writer, const char *version,
                                         const char *instance);
/* Starts the thread. TEL_E_SYSTEM: errno. */
TEL_MUST_CHECK int tel_log_writer_start(struct tel_log_writer *writer);
/* Makes the record's line. Any thread. False when out of memory. */
bool tel_log_writer_seal(const struct tel_log_writer *writer, struct tel_log_record *record);
/* See tel_log_reopen(). */
TEL_MUST_CHECK int tel_log_writer_reopen(struct tel_log_writer *writer);
/* Writes what is queued, starting the thread for it if need be, until the deadline; counts the rest as lost.
 * If the output hangs, it is left behind with its thread and its memory a tenth of a second after that (or
 * after the call). Returns how many of the records that were queued are lost. */
uint64_t tel_log_writer_free(struct tel_log_writer *writer, uint64_t deadline_mono_ns);

#endif
