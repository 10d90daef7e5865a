/* SPDX-License-Identifier: MIT */
#include "tel/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <yder.h>

#include "base/clock.h"
#include "base/forks.h"
#include "telemetry/logs/log_clock.h"
#include "telemetry/logs/log_record.h"
#include "telemetry/logs/log_rename.h"
#include "telemetry/logs/log_stats.h"
#include "telemetry/logs/log_writer.h"
#include "telemetry/recent/recent_store.h"
#include "telemetry/traces/span.h"

enum { EVENT_TEXT = 4096 };

struct tel_logger {
  _Atomic int level;
  bool enabled;           /* false: the other members are unused */
  _Atomic bool skip_yder; /* yder does not call back: queue records without it */
  struct tel_log_stats stats;
  struct tel_log_writer *writer;
};

/* The logger that receives yder's lines, and forks_generation() of the process that installed it. */
static _Atomic(struct tel_logger *) installed;
static _Atomic unsigned installed_in;
/* The record that this thread passes through yder. */
static _Thread_local struct tel_log_record *passing;

/* Opens the parts of an enabled logger. */
static int open_logger(struct tel_logger *logger, const struct tel_log_settings *settings,
                       struct tel_registry *registry) {
  int result = tel_log_writer_new(settings, &logger->stats, &logger->writer);
  if (result) return result;
  result = tel_log_stats_open(&logger->stats, registry, tel_log_writer_pipeline(logger->writer));
  if (result) tel_log_writer_free(logger->writer, 0);
  return result;
}

int tel_logger_new(const struct tel_log_settings *settings, struct tel_registry *registry,
                   struct tel_logger **out) {
  if (!settings || !out) return TEL_E_VALUE;
  struct tel_logger *logger = calloc(1, sizeof *logger);
  if (!logger) return TEL_E_MEMORY;
  logger->enabled = settings->enabled;
  atomic_init(&logger->level, (int)settings->level);
  int result = logger->enabled ? open_logger(logger, settings, registry) : 0;
  if (result) {
    int error = errno;
    free(logger);
    errno = error;
    return result;
  }
  *out = logger;
  return 0;
}

int tel_logger_start(struct tel_logger *logger) {
  if (!logger) return TEL_E_VALUE;
  return logger->enabled ? tel_log_writer_start(logger->writer) : 0;
}

int tel_logger_rename(struct tel_logger *logger, const char *version, const char *instance) {
  return logger->enabled ? tel_log_writer_rename(logger->writer, version, instance) : 0;
}

static bool is_foreign(const struct tel_logger *logger) {
  return logger->enabled && tel_pipeline_foreign(tel_log_writer_pipeline(logger->writer));
}

static unsigned long yder_level(enum tel_level level) {
  static const unsigned long levels[] = {
      [TEL_DEBUG] = Y_LOG_LEVEL_DEBUG, [TEL_INFO] = Y_LOG_LEVEL_INFO,   [TEL_WARN] = Y_LOG_LEVEL_WARNING,
      [TEL_ERROR] = Y_LOG_LEVEL_ERROR, [TEL_FATAL] = Y_LOG_LEVEL_ERROR,
  };
  return levels[level];
}

static enum tel_level level_from_yder(unsigned long level) {
  for (int l = TEL_DEBUG; l < TEL_ERROR; l++)
    if (yder_level((enum tel_level)l) == level) return (enum tel_level)l;
  return TEL_ERROR;
}

/* Makes the record's line. When out of memory, returns false after counting and freeing the record. Before
 * the start the line's own members may still change, so the writer makes the line later. */
static bool seal(struct tel_log_record *record) {
  struct tel_logger *logger = record->logger;
  struct tel_log_writer *writer = logger->writer;
  if (!tel_pipeline_started(tel_log_writer_pipeline(writer)) || tel_log_writer_seal(writer, record))
    return true;
  tel_log_writer_give(writer, record);
  tel_counter_add(logger->stats.dropped[TEL_LOST_MEMORY], 1);
  return false;
}

/* yder's callback: receives our own record or a library's text. A library's text may hold data of a client,
 * so it becomes a field, never the message. */
static void on_yder_line(void *cls, const char *app, const time_t date, const unsigned long level,
                         const char *text) {
  struct tel_logger *logger = cls;
  struct tel_log_record *record = passing;
  (void)app;
  (void)date;
  if (record) {
    passing = NULL;
  } else {
    record = tel_log_begin(logger, level_from_yder(level));
    if (!record) return;
    record->message = "library";
    record->time_unix_ns = clock_unix_ns();
    tel_attributes_set_string(&record->fields, "detail", text);
    if (!seal(record)) return;
  }
  tel_log_writer_push(logger->writer, record);
}

/* Installs the logger if no other logger of this process is installed. In a child of fork(), the logger of
 * the parent may still be installed. Its writer does not run here, so yder's lines would be lost. Its memory
 * is never freed here, so it can be read. */
static bool take_yder(struct tel_logger *logger) {
  struct tel_logger *before = NULL;
  if (!atomic_compare_exchange_strong(&installed, &before, logger) &&
      (atomic_load(&installed_in) == forks_generation() || !is_foreign(before) ||
       !atomic_compare_exchange_strong(&installed, &before, logger)))
    return false;
  atomic_store(&installed_in, forks_generation());
  return true;
}

int tel_log_install(struct tel_logger *logger) {
  if (!logger) return TEL_E_VALUE;
  if (!take_yder(logger)) return TEL_E_FULL;
  /* Pass all levels. This logger filters them, because its level can change while threads run. */
  if (y_init_logs(NULL, Y_LOG_MODE_CALLBACK, Y_LOG_LEVEL_DEBUG, NULL, NULL) &&
      y_set_logs_callback(on_yder_line, logger, NULL))
    return 0;
  atomic_store(&installed, NULL);
  return TEL_E_SYSTEM;
}

uint64_t tel_logger_free(struct tel_logger *logger, uint64_t deadline_mono_ns) {
  uint64_t lost = 0;
  if (!logger) return 0;
  if (atomic_load(&installed) == logger) {
    y_init_logs(NULL, Y_LOG_MODE_NONE, Y_LOG_LEVEL_NONE, NULL, NULL); /* y_close_logs() changes no mode */
    atomic_store(&installed, NULL);
  }
  if (is_foreign(logger)) return 0; /* keep its memory: threads may have used it at the fork */
  if (logger->enabled) {
    tel_log_stats_close(&logger->stats);
    lost = tel_log_writer_free(logger->writer, deadline_mono_ns);
  }
  free(logger);
  return lost;
}

void tel_log_set_level(struct tel_logger *logger, enum tel_level level) {
  if (logger) atomic_store_explicit(&logger->level, (int)level, memory_order_relaxed);
}

int tel_log_reopen(struct tel_logger *logger) {
  if (!logger || is_foreign(logger)) return TEL_E_VALUE;
  return logger->enabled ? tel_log_writer_reopen(logger->writer) : 0;
}

bool tel_log_enabled(const struct tel_logger *logger, enum tel_level level) {
  return logger && logger->enabled && (unsigned)level <= TEL_FATAL &&
         (int)level >= atomic_load_explicit(&logger->level, memory_order_relaxed);
}

struct tel_log_record *tel_log_begin(struct tel_logger *logger, enum tel_level level) {
  if (!tel_log_enabled(logger, level) || tel_pipeline_foreign(tel_log_writer_pipeline(logger->writer)))
    return NULL;
  struct tel_log_record *record = tel_log_writer_take(logger->writer);
  if (record)
    tel_log_record_init(record, logger, level);
  else
    tel_counter_add(logger->stats.dropped[TEL_LOST_QUEUE_FULL], 1);
  return record;
}

struct tel_attributes *tel_log_fields(struct tel_log_record *record) {
  return record ? &record->fields : NULL;
}

void tel_log_context(struct tel_log_record *record, const struct tel_context *context) {
  if (!record) return;
  record->has_context = context != NULL;
  if (context) record->context = *context;
}

void tel_log_span(struct tel_log_record *record, const struct tel_span *span) {
  if (!record) return;
  record->span = span;
  tel_log_context(record, span ? tel_span_context(span) : NULL);
}

void tel_log_message(struct tel_log_record *record, const char *message) {
  if (record) tel_log_message_at(record, message, tel_span_now_unix_ns(record->span));
}

void tel_log_message_at(struct tel_log_record *record, const char *message, uint64_t unix_ns) {
  if (!record) return;
  struct tel_logger *logger = record->logger;
  if (tel_pipeline_foreign(tel_log_writer_pipeline(logger->writer)))
    return; /* the line belongs to the parent */
  record->message = message ? message : "";
  record->time_unix_ns = unix_ns;
  if (!seal(record)) return;
  if (record->line && record->span && record->span->recent) tel_recent_add_log(record->span->recent, record);
  if (atomic_load_explicit(&installed, memory_order_relaxed) == logger &&
      !atomic_load_explicit(&logger->skip_yder, memory_order_relaxed)) {
    passing = record;
    y_log_message(yder_level(record->level), "record"); /* a constant text, because formatting costs more */
    if (!passing) return;
    /* yder did not call back: the program has set up yder again, or yder was out of memory. */
    passing = NULL;
    atomic_store_explicit(&logger->skip_yder, true, memory_order_relaxed);
  }
  tel_log_writer_push(logger->writer, record);
}

void tel_log_event(struct tel_logger *logger, enum tel_level level, const char *message, const char *format,
                   ...) {
  struct tel_log_record *record = tel_log_begin(logger, level);
  if (!record) return;
  if (format) {
    char text[EVENT_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tel_attributes_set_string(&record->fields, "detail", text);
  }
  tel_log_message(record, message);
}
