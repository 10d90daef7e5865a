/* SPDX-License-Identifier: MIT */
/* Structured logs: one JSON object a line, written by a thread of its own.
 * A record is filled by its request's thread and handed over through a lock-free queue; a full queue drops
 * the record and counts it; nothing on a request's path waits for a disk. All that is logged passes yder:
 * tel_log_message() calls y_log_message(), whose callback (see tel_log_install()) queues the record; so lines
 * that Ulfius and other libraries give to yder come out in the same format: as "library" with their
 * text as "detail". Any thread unless it says otherwise. */
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
  bool enabled;       /* false: nothing is written at all */
  const char *file;   /* "": standard output; "syslog": syslog; else a path */
  bool no_link;       /* a symbolic link is no file: for who is root when it opens, but not for long */
  uint64_t max_bytes; /* of a file before it is rotated; 0: never */
  bool tell_stderr;   /* says on standard error, at most once a minute, why lines are lost */
  unsigned keep;      /* rotated files: FILE.1 (the newest) to FILE.keep */
  size_t queue_size;  /* records; 0: 8192 */
  /* On every line. */
  const char *app;
  const char *version;
  const char *instance;
};

struct tel_logger;
struct tel_log_record;
struct tel_span; /* see trace.h */

/* Opens the output; copies all strings. The writer's thread starts with tel_logger_start(), so that a daemon
 * can fork in between; until then records wait in the queue, and the process that starts first writes them.
 * registry: telemetry_log_* metrics, or NULL; it outlives the logger. TEL_E_SYSTEM: the file cannot be opened
 * (errno); TEL_E_MEMORY; the registry's. */
TEL_API TEL_MUST_CHECK int tel_logger_new(const struct tel_log_settings *settings,
                                          struct tel_registry *registry, struct tel_logger **out);
/* TEL_E_SYSTEM: no thread or no descriptor (errno). */
TEL_API TEL_MUST_CHECK int tel_logger_start(struct tel_logger *logger);
/* Makes this logger yder's only output. Once, before the first thread. TEL_E_FULL: another one is already. */
TEL_API TEL_MUST_CHECK int tel_log_install(struct tel_logger *logger);
TEL_API void tel_log_set_level(struct tel_logger *logger, enum tel_level level);
/* Closes and opens the file again, on the writer's thread (for logrotate), and waits for that, a second at
 * most. TEL_E_SYSTEM: it could not be opened (errno; ETIMEDOUT: not yet), and lines still go where they went
 * before. */
TEL_API TEL_MUST_CHECK int tel_log_reopen(struct tel_logger *logger);
/* Writes what is queued, until deadline (clock_mono_ns()), stops the thread, closes; if the output hangs, it
 * returns a tenth of a second after the deadline. Returns how many of the queued records were lost. Takes
 * NULL. No thread may log any more; yder is reset to no output. */
TEL_API uint64_t tel_logger_free(struct tel_logger *logger, uint64_t deadline_mono_ns);

/* Whether a record of this level would be written: ask before making one. False for NULL. */
TEL_API bool tel_log_enabled(const struct tel_logger *logger, enum tel_level level);
/* Begins a record. NULL if the level is not enabled or records are used up (counted as dropped);
 * the functions below take NULL. */
TEL_API struct tel_log_record *tel_log_begin(struct tel_logger *logger, enum tel_level level);
/* The record's fields, in the order they will be written, behind the line's own: timestamp, level,
 * severity_number, message, app, version, instance, trace_id, span_id, trace_flags. A field named like one of
 * these is left out. 64 fields, 1024 characters a value. NULL for NULL. */
TEL_API struct tel_attributes *tel_log_fields(struct tel_log_record *record);
/* trace_id, span_id and trace_flags of the record; copied. NULL: none. */
TEL_API void tel_log_context(struct tel_log_record *record, const struct tel_context *context);
/* The context of the span (NULL: none). The record takes its time from the clock of the span's trace, and
 * recent traces show it with the span: end the record before the span. */
TEL_API void tel_log_span(struct tel_log_record *record, const struct tel_span *span);
/* Ends and queues the record. message is a constant: what is searched for. The pointer is gone. */
TEL_API void tel_log_message(struct tel_log_record *record, const char *message);

/* For the process's own life: a line with one formatted "detail" field (or none: NULL format). */
TEL_API void tel_log_event(struct tel_logger *logger, enum tel_level level, const char *message,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "debug", "info", "warn", "error" in any case. Returns false for others. */
TEL_API bool tel_level_parse(const char *text, enum tel_level *out);

TEL_END

#endif
