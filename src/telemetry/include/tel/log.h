/* SPDX-License-Identifier: MIT */
/* Structured logs: one JSON object per line, written by a separate thread. The request's thread fills a
 * record and pushes it to a lock-free queue. A full queue drops the record and counts it, so a request never
 * waits for the disk. After tel_log_install(), all lines pass through yder: tel_log_message() calls
 * y_log_message(), whose callback queues the record. Lines that Ulfius and other libraries log with yder get
 * the same format: the message "library" and their text as "detail". Any thread, unless stated otherwise. */
#ifndef TEL_LOG_H
#define TEL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tel/api.h>
#include <tel/attributes.h>
#include <tel/context.h>
#include <tel/error.h>
#include <tel/metrics.h>

TEL_BEGIN

enum tel_level { TEL_DEBUG, TEL_INFO, TEL_WARN, TEL_ERROR, TEL_FATAL };

struct tel_log_settings {
  enum tel_level level;
  bool enabled;       /* false: nothing is written */
  const char *file;   /* "": standard output; "syslog": syslog; else a path (a FIFO needs a reader) */
  bool no_link;       /* refuse symlinks; set it if root opens the file before dropping privileges */
  uint64_t max_bytes; /* size at which the file is rotated; 0: never */
  bool tell_stderr;   /* report failures of the output on standard error, at most once a minute */
  unsigned keep; /* number of rotated files: FILE.1 (the newest) to FILE.keep; 0: a full file is emptied */
  size_t queue_size; /* records; 0: 8192 */
  /* These fields are on every line. */
  const char *app;
  const char *version;
  const char *instance;
};

struct tel_logger;
struct tel_log_record;
struct tel_span; /* see trace.h */

/* Opens the output and copies all strings. tel_logger_start() starts the writer's thread, so the process may
 * fork in between. Until then records wait in the queue. The first process that starts its logger writes
 * them. registry: for the telemetry_log_* metrics, or NULL; it must outlive the logger. TEL_E_SYSTEM: the
 * file cannot be opened (errno); TEL_E_MEMORY; TEL_E_VALUE: settings or out is NULL; an error of the
 * registry. */
TEL_API TEL_MUST_CHECK int tel_logger_new(const struct tel_log_settings *settings,
                                          struct tel_registry *registry, struct tel_logger **out);
/* Starts the writer's thread. TEL_E_SYSTEM: cannot create a thread (errno). TEL_E_VALUE: logger is NULL, or
 * it was started already, here or before a fork. */
TEL_API TEL_MUST_CHECK int tel_logger_start(struct tel_logger *logger);
/* Makes this logger yder's only output. Call it once, before the first thread. TEL_E_FULL: another logger of
 * this process is installed. TEL_E_SYSTEM: yder failed. TEL_E_VALUE: logger is NULL. If the program sets up
 * yder again later, lines logged with yder go to the program's own yder output. Before, that output gets one
 * line with the text "record": the library sends it through yder, and notices that it does not come back.
 * tel_log_message() still writes to the logger's output. */
TEL_API TEL_MUST_CHECK int tel_log_install(struct tel_logger *logger);
TEL_API void tel_log_set_level(struct tel_logger *logger, enum tel_level level);
/* Reopens the file on the writer's thread (for logrotate), and waits at most one second for it. Before
 * tel_logger_start() it does not wait: the thread reopens the file when it starts. TEL_E_SYSTEM: the file
 * could not be opened (errno; ETIMEDOUT: not yet), and lines still go to the old output. TEL_E_VALUE: logger
 * is NULL or was started before a fork. */
TEL_API TEL_MUST_CHECK int tel_log_reopen(struct tel_logger *logger);
/* Writes queued records until the deadline (nanoseconds of CLOCK_MONOTONIC), stops the thread and closes the
 * output. If the output hangs, the call returns a tenth of a second after the deadline. Returns how many
 * queued records were lost. Accepts NULL. No thread may log any more. If the logger was installed, yder is
 * left without an output. */
TEL_API uint64_t tel_logger_free(struct tel_logger *logger, uint64_t deadline_mono_ns);

/* Whether a record of this level would be written. Use it to skip the work for a disabled level. False for
 * NULL. */
TEL_API bool tel_log_enabled(const struct tel_logger *logger, enum tel_level level);
/* Begins a record. Returns NULL if the level is disabled, all records are in use (counted as dropped), or the
 * logger was started before a fork. End each record with tel_log_message(): otherwise it stays in use. The
 * functions below accept NULL. */
TEL_API struct tel_log_record *tel_log_begin(struct tel_logger *logger, enum tel_level level);
/* The record's fields. They are written in the order of setting, after the line's own fields: timestamp,
 * level, severity_number, message, app, version, instance, trace_id, span_id, trace_flags. A field that has
 * one of these names is omitted. At most 64 fields, 1024 characters per value. A line of more than 8 MiB is
 * dropped. NULL for NULL. */
TEL_API struct tel_attributes *tel_log_fields(struct tel_log_record *record);
/* Sets trace_id, span_id and trace_flags of the record; copied. NULL: none. */
TEL_API void tel_log_context(struct tel_log_record *record, const struct tel_context *context);
/* Sets the context of the span (NULL: none). The record then uses the clock of the span's trace, and recent
 * traces show it with the span. End the record before the span. */
TEL_API void tel_log_span(struct tel_log_record *record, const struct tel_span *span);
/* Ends and queues the record. The record is then invalid. message must be static, and constant, so that
 * people can search for it. */
TEL_API void tel_log_message(struct tel_log_record *record, const char *message);

/* Logs an event of the process. message must be static. format makes the field "detail"; NULL: no detail. */
TEL_API void tel_log_event(struct tel_logger *logger, enum tel_level level, const char *message,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Reads "debug", "info", "warn" or "error", ignoring case. Returns false for other texts. */
TEL_API bool tel_level_parse(const char *text, enum tel_level *out);

TEL_END

#endif
