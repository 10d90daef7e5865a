/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "telemetry/logs/log_writer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "telemetry/core/attributes_private.h"
#include "telemetry/core/left_behind.h"
#include "telemetry/core/pool.h"
#include "telemetry/logs/log_json.h"
#include "telemetry/logs/log_output.h"

enum {
  QUEUE_DEFAULT = 8192,
  BATCH_BYTES = 256 * 1024,
  BATCH_ROOM = 64 * 1024,
  BATCH_LIMIT = 8 * 1024 * 1024,
  BEFORE_FIELDS = 1024, /* about the size of a line without its fields */
  /* A worker that wakes for every line would cost more than the lines. */
  GATHER_NS = 2000000,
  GATHER_NS_PER_RECORD = 500
};
#define SAY_EVERY_NS (60 * CLOCK_NS_PER_S)
#define GRACE_NS (100 * CLOCK_NS_PER_MS)

struct tel_log_writer {
  struct tel_left_behind left; /* first */
  struct tel_pipeline *pipeline;
  struct tel_pool *records;
  struct tel_log_encoder encoder;
  struct tel_log_output *output; /* NULL: syslog */
  struct buf batch;
  char *app;
  bool tell_stderr;
  atomic_uint reopen; /* number of requests */
  /* Only for the writer's thread. */
  unsigned reopened;            /* number of the last request that was handled */
  struct tel_log_result result; /* of a batch, until settle() counts it */
  uint64_t no_memory, late;     /* lines lost for these reasons, until settle() counts them */
  uint64_t lost;                /* lines, since the output last worked */
  uint64_t said_at;
  /* Under the pipeline's lock. */
  int reopen_error; /* errno of the last reopening, or 0 */
  uint64_t lost_at_stop;
  struct tel_log_stats *stats; /* NULL: they may already be freed */
};

static bool give_up(void *cls) {
  return tel_pipeline_late(((struct tel_log_writer *)cls)->pipeline);
}

static void count_lost(struct tel_log_writer *writer, enum tel_log_loss why, uint64_t lines) {
  if (writer->stats) tel_counter_add(writer->stats->dropped[why], lines);
  if (tel_pipeline_stopping(writer->pipeline)) writer->lost_at_stop += lines;
}

/* Counts written and lost lines. Under the lock. */
static void count_result(struct tel_log_writer *writer, const struct tel_log_result *result) {
  count_lost(writer, TEL_LOST_WRITE_ERROR, result->lost);
  if (!writer->stats) return;
  tel_counter_add(writer->stats->written, result->written);
  tel_counter_add(writer->stats->rotations, result->rotations);
  for (int i = 0; i < TEL_LOG_FAILURES; i++) tel_counter_add(writer->stats->failures[i], result->failures[i]);
}

static void count_now(struct tel_log_writer *writer, const struct tel_log_result *result) {
  tel_pipeline_lock(writer->pipeline);
  count_result(writer, result);
  tel_pipeline_unlock(writer->pipeline);
}

/* Writes a line of the writer itself to the log. Returns whether it was written. */
static bool say(struct tel_log_writer *writer, const char *message, const char *detail) {
  struct tel_log_result result = {0};
  struct tel_log_record record;
  tel_log_record_init(&record, NULL, TEL_WARN);
  record.time_unix_ns = clock_unix_ns();
  record.message = message;
  if (detail) tel_attributes_set_string(&record.fields, "detail", detail);
  tel_attributes_set_int(&record.fields, "lost", (int64_t)writer->lost);
  if (tel_log_seal(&writer->encoder, &record))
    tel_log_output_write(writer->output, record.line, record.line_len, &result);
  tel_attributes_clear(&record.fields);
  if (result.written == 0) return false;
  /* Its failures are those that were counted with the batch before. */
  count_now(writer, &(struct tel_log_result){.written = result.written, .rotations = result.rotations});
  return true;
}

/* Reports a failure at most once a minute: on standard error, and in the log if that still accepts lines. */
static void say_trouble(struct tel_log_writer *writer, const struct tel_log_result *result) {
  static const char *const what[TEL_LOG_FAILURES] = {
      [TEL_LOG_FAILED_WRITE] = "cannot write",
      [TEL_LOG_FAILED_REOPEN] = "cannot open the file by its name; lines go to the file that was open before",
      [TEL_LOG_FAILED_ROTATE] = "cannot rotate; the file grows beyond its limit",
  };
  char text[256];
  uint64_t now = clock_mono_ns();
  if (writer->said_at && now - writer->said_at < SAY_EVERY_NS) return;
  writer->said_at = now;
  errno = result->error;
  snprintf(text, sizeof text, "%s: %m", what[result->failure]);
  if (writer->tell_stderr)
    dprintf(STDERR_FILENO, "%s: log output: %s; %llu lines lost\n", writer->app, text,
            (unsigned long long)writer->lost);
  if (result->failure != TEL_LOG_FAILED_WRITE && result->lost == 0) say(writer, "log output failed", text);
}

/* Reports that the output works again, with the number of lost lines. */
static void say_recovered(struct tel_log_writer *writer) {
  if (!say(writer, "log output recovered", NULL)) return; /* next time */
  writer->lost = 0;
  writer->said_at = 0;
}

/* A record that was queued before the start has no line yet. */
static bool has_line(const struct tel_log_writer *writer, struct tel_log_record *record) {
  return record->line || tel_log_seal(&writer->encoder, record);
}

/* Returns false when out of memory; the earlier lines are then still complete. */
static bool add_line(struct tel_log_writer *writer, struct tel_log_record *record) {
  if (!has_line(writer, record)) return false;
  buf_append(&writer->batch, record->line, record->line_len);
  bool added = !buf_failed(&writer->batch);
  writer->batch.failed = false;
  return added;
}

void tel_log_writer_give(struct tel_log_writer *writer, struct tel_log_record *record) {
  tel_attributes_clear(&record->fields);
  tel_pool_give(writer->records, record);
}

static struct tel_log_record *record_of(struct tel_item *item) {
  return (struct tel_log_record *)item; /* its first member */
}

static void write_lines(struct tel_log_writer *writer) {
  struct tel_log_result *result = &writer->result;
  if (writer->batch.len) tel_log_output_write(writer->output, writer->batch.data, writer->batch.len, result);
  writer->lost += result->lost;
  if (result->error)
    say_trouble(writer, result);
  else if (writer->lost || writer->said_at)
    say_recovered(writer);
}

static int syslog_priority(enum tel_level level) {
  static const int priorities[] = {
      [TEL_DEBUG] = LOG_DEBUG, [TEL_INFO] = LOG_INFO,  [TEL_WARN] = LOG_WARNING,
      [TEL_ERROR] = LOG_ERR,   [TEL_FATAL] = LOG_CRIT,
  };
  return priorities[level];
}

static void write_syslog(struct tel_log_writer *writer, struct tel_log_record *record) {
  if (tel_pipeline_late(writer->pipeline)) {
    writer->late++;
  } else if (has_line(writer, record)) {
    syslog(syslog_priority(record->level), "%.*s", (int)record->line_len - 1, record->line);
    writer->result.written++;
  } else {
    writer->no_memory++;
  }
}

/* Gives the records back before it writes their lines, so that a slow disk does not keep them in use. */
static struct tel_item *process(void *cls, struct tel_item *item) {
  struct tel_log_writer *writer = cls;
  writer->result = (struct tel_log_result){0};
  writer->no_memory = writer->late = 0;
  buf_reset(&writer->batch);
  for (struct tel_item *next; item; item = next) {
    struct tel_log_record *record = record_of(item);
    next = item->next;
    if (!writer->output)
      write_syslog(writer, record);
    else if (!add_line(writer, record))
      writer->no_memory++;
    tel_log_writer_give(writer, record);
  }
  if (writer->output) write_lines(writer);
  return NULL;
}

static void settle(void *cls) {
  struct tel_log_writer *writer = cls;
  count_result(writer, &writer->result);
  count_lost(writer, TEL_LOST_MEMORY, writer->no_memory);
  count_lost(writer, TEL_LOST_SHUTDOWN, writer->late);
}

static void lose(void *cls, uint64_t lines) {
  count_lost(cls, TEL_LOST_SHUTDOWN, lines);
}

static void release(void *cls, struct tel_item *item) {
  tel_log_writer_give(cls, record_of(item));
}

static void reopen(void *cls) {
  struct tel_log_writer *writer = cls;
  struct tel_log_result result = {0};
  unsigned asked = atomic_load(&writer->reopen);
  if (asked == writer->reopened) return;
  writer->reopened = asked;
  if (writer->output) tel_log_output_reopen(writer->output, &result);
  count_now(writer, &result);
  writer->lost += result.lost;
  if (result.error) say_trouble(writer, &result);
  tel_pipeline_lock(writer->pipeline);
  writer->reopen_error = result.failures[TEL_LOG_FAILED_REOPEN] ? result.error : 0;
  tel_pipeline_unlock(writer->pipeline);
}

static void end(void *cls) {
  struct tel_log_writer *writer = cls;
  struct tel_log_result result = {0};
  if (writer->output)
    tel_log_output_free(writer->output, &result);
  else
    closelog();
  count_now(writer, &result);
}

static const struct tel_pipeline_work work = {
    .process = process, .settle = settle, .lose = lose, .release = release, .tend = reopen, .end = end};

static void release_writer(struct tel_log_writer *writer) {
  tel_pipeline_free(writer->pipeline);
  tel_pool_free(writer->records);
  tel_log_encoder_free(&writer->encoder);
  buf_free(&writer->batch);
  free(writer->app);
  free(writer);
}

static bool make_queue(struct tel_log_writer *writer, size_t size) {
  uint64_t gather = size * GATHER_NS_PER_RECORD;
  const struct tel_pipeline_settings settings = {.name = "log-writer",
                                                 .capacity = size,
                                                 .batch = size,
                                                 .batch_bytes = BATCH_BYTES,
                                                 .wake = size / 2 + 1,
                                                 .delay_ns = gather < GATHER_NS ? gather : GATHER_NS,
                                                 .grace_ns = GRACE_NS,
                                                 .works_at_stop = true};
  if (size >= UINT32_MAX) return false;
  writer->records = tel_pool_new(size, sizeof(struct tel_log_record));
  writer->pipeline = tel_pipeline_new(&settings, &work, writer, NULL);
  return writer->records && writer->pipeline;
}

int tel_log_writer_new(const struct tel_log_settings *settings, struct tel_log_stats *stats,
                       struct tel_log_writer **out) {
  struct tel_log_writer *writer = calloc(1, sizeof *writer);
  if (!writer) return TEL_E_MEMORY;
  int result = TEL_E_MEMORY;
  writer->stats = stats;
  writer->tell_stderr = settings->tell_stderr;
  writer->batch = (struct buf)BUF_INIT(BATCH_LIMIT);
  writer->app = strdup(settings->app ? settings->app : "");
  if (!tel_log_encoder_init(&writer->encoder, settings->app, settings->version, settings->instance) ||
      !writer->app || !buf_reserve(&writer->batch, BATCH_BYTES + BATCH_ROOM) ||
      !make_queue(writer, settings->queue_size ? settings->queue_size : QUEUE_DEFAULT))
    goto fail;
  if (settings->file && strcmp(settings->file, "syslog") == 0)
    openlog(writer->app, LOG_PID, LOG_DAEMON);
  else if ((result = tel_log_output_new(settings->file ? settings->file : "", settings->no_link,
                                        settings->max_bytes, settings->keep, give_up, writer,
                                        &writer->output)) != 0)
    goto fail;
  *out = writer;
  return 0;
fail:;
  int error = errno;
  release_writer(writer);
  errno = error;
  return result;
}

const struct tel_pipeline *tel_log_writer_pipeline(const struct tel_log_writer *writer) {
  return writer->pipeline;
}

struct tel_log_record *tel_log_writer_take(struct tel_log_writer *writer) {
  return tel_pool_take(writer->records);
}

void tel_log_writer_push(struct tel_log_writer *writer, struct tel_log_record *record) {
  size_t fields = tel_attributes_pairs_size(&record->fields);
  record->item.bytes = (uint32_t)(record->line ? record->line_len : fields + BEFORE_FIELDS);
  record->item.weight = 1;
  /* Never full: the queue has room for all records of the pool. */
  if (!tel_pipeline_push(writer->pipeline, &record->item)) abort();
}

int tel_log_writer_start(struct tel_log_writer *writer) {
  return tel_pipeline_start(writer->pipeline);
}

int tel_log_writer_rename(struct tel_log_writer *writer, const char *version, const char *instance) {
  struct tel_log_encoder encoder;
  if (!tel_log_encoder_init(&encoder, writer->app, version, instance)) {
    tel_log_encoder_free(&encoder);
    return TEL_E_MEMORY;
  }
  tel_log_encoder_free(&writer->encoder);
  writer->encoder = encoder;
  return 0;
}

bool tel_log_writer_seal(const struct tel_log_writer *writer, struct tel_log_record *record) {
  return tel_log_seal(&writer->encoder, record);
}

int tel_log_writer_reopen(struct tel_log_writer *writer) {
  atomic_fetch_add(&writer->reopen, 1);
  if (!tel_pipeline_started(writer->pipeline)) return 0; /* the writer reopens the file when it starts */
  bool done = tel_pipeline_flush(writer->pipeline, clock_mono_ns() + CLOCK_NS_PER_S);
  tel_pipeline_lock(writer->pipeline);
  int error = done ? writer->reopen_error : ETIMEDOUT;
  tel_pipeline_unlock(writer->pipeline);
  errno = error;
  return error ? TEL_E_SYSTEM : 0;
}

uint64_t tel_log_writer_free(struct tel_log_writer *writer, uint64_t deadline) {
  bool ended = tel_pipeline_stop(writer->pipeline, deadline);
  tel_pipeline_lock(writer->pipeline);
  uint64_t lost = writer->lost_at_stop;
  writer->stats = NULL;
  tel_pipeline_unlock(writer->pipeline);
  if (ended)
    release_writer(writer);
  else
    tel_leave_behind(&writer->left);
  return lost;
}
