#include "config.h"

#include "telemetry/log_writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "telemetry/left_behind.h"
#include "telemetry/log_json.h"
#include "telemetry/log_output.h"

enum { BATCH_BYTES = 256 * 1024, BATCH_ROOM = 64 * 1024, BATCH_LIMIT = 8 * 1024 * 1024, SYSLOG_BATCH = 64 };
#define SAY_EVERY_NS (60 * CLOCK_NS_PER_S)
#define GRACE_NS (100 * CLOCK_NS_PER_MS)

struct tel_log_writer {
  struct tel_left_behind left; /* first */
  struct tel_log_queue *queue;
  struct tel_log_encoder encoder;
  struct tel_log_output *output; /* NULL: syslog */
  struct buf batch;
  char *app;
  bool tell_stderr;
  pthread_t thread;
  bool started;
  atomic_uint reopen; /* how often it was asked for */
  atomic_bool stop;
  _Atomic uint64_t deadline; /* for the time after stop */
  _Atomic uint64_t in_batch; /* records that have left the queue and are not settled */
  /* The writer's own: the trouble that it is in. */
  uint64_t lost; /* lines, since it was last all right */
  uint64_t said_at;
  /* Under lock. */
  pthread_mutex_t lock;
  pthread_cond_t change; /* of done, reopened */
  bool done;
  unsigned reopened; /* how often it was tried */
  int reopen_error;  /* errno of the last time, or 0 */
  uint64_t lost_at_stop;
  struct tel_log_stats *stats; /* NULL: left behind, they may be gone */
};

static bool past_deadline(const struct tel_log_writer *writer) {
  return atomic_load(&writer->stop) && clock_mono_ns() >= atomic_load(&writer->deadline);
}

static bool give_up(void *cls) {
  return past_deadline(cls);
}

static int init_locks(struct tel_log_writer *writer) {
  pthread_condattr_t attributes;
  if (pthread_condattr_init(&attributes) != 0) return TEL_E_MEMORY;
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  int failed = pthread_cond_init(&writer->change, &attributes);
  pthread_condattr_destroy(&attributes);
  if (failed) return TEL_E_MEMORY;
  pthread_mutex_init(&writer->lock, NULL);
  return 0;
}

static void release(struct tel_log_writer *writer) {
  tel_log_encoder_free(&writer->encoder);
  buf_free(&writer->batch);
  free(writer->app);
  free(writer);
}

int tel_log_writer_new(const struct tel_log_settings *settings, struct tel_log_queue *queue,
                       struct tel_log_stats *stats, struct tel_log_writer **out) {
  struct tel_log_writer *writer = calloc(1, sizeof *writer);
  if (!writer) return TEL_E_MEMORY;
  int result = TEL_E_MEMORY;
  writer->queue = queue;
  writer->stats = stats;
  writer->tell_stderr = settings->tell_stderr;
  writer->batch = (struct buf)BUF_INIT(BATCH_LIMIT);
  writer->app = strdup(settings->app ? settings->app : "");
  if (!tel_log_encoder_init(&writer->encoder, settings->app, settings->version, settings->instance) ||
      !writer->app || !buf_reserve(&writer->batch, BATCH_BYTES + BATCH_ROOM))
    goto fail;
  if (settings->file && strcmp(settings->file, "syslog") == 0)
    openlog(writer->app, LOG_PID, LOG_DAEMON);
  else if ((result = tel_log_output_new(settings->file ? settings->file : "", settings->no_link,
                                        settings->max_bytes, settings->keep, give_up, writer,
                                        &writer->output)) != 0)
    goto fail;
  if ((result = init_locks(writer)) != 0) goto fail;
  *out = writer;
  return 0;
fail:;
  int error = errno;
  tel_log_output_free(writer->output, &(struct tel_log_result){0});
  release(writer);
  errno = error;
  return result;
}

static void settle(struct tel_log_writer *writer, const struct tel_log_result *result, uint64_t no_memory) {
  pthread_mutex_lock(&writer->lock);
  atomic_store(&writer->in_batch, 0);
  if (writer->stats) {
    tel_counter_add(writer->stats->written, result->written);
    tel_counter_add(writer->stats->rotations, result->rotations);
    for (int i = 0; i < TEL_LOG_FAILURES; i++)
      tel_counter_add(writer->stats->failures[i], result->failures[i]);
    tel_log_stats_lost(writer->stats, TEL_LOST_WRITE_ERROR, result->lost);
    tel_log_stats_lost(writer->stats, TEL_LOST_MEMORY, no_memory);
  }
  if (atomic_load(&writer->stop)) writer->lost_at_stop += result->lost + no_memory;
  pthread_mutex_unlock(&writer->lock);
}

/* A line of the writer's own, in the log itself. Returns whether it was written. */
static bool say(struct tel_log_writer *writer, const char *message, const char *detail) {
  struct tel_log_result result = {0};
  struct tel_log_record record;
  tel_log_record_init(&record, NULL, TEL_WARN);
  record.time_unix_ns = clock_unix_ns();
  record.message = message;
  if (detail) tel_attributes_set_string(&record.fields, "detail", detail);
  tel_attributes_set_int(&record.fields, "lost", (int64_t)writer->lost);
  buf_reset(&writer->batch);
  if (tel_log_encode(&writer->encoder, &writer->batch, &record))
    tel_log_output_write(writer->output, writer->batch.data, writer->batch.len, &result);
  tel_attributes_clear(&record.fields);
  if (result.written == 0) return false;
  result.lost = 0;
  memset(result.failures, 0, sizeof result.failures); /* of the batch before, again */
  settle(writer, &result, 0);
  return true;
}

/* Once, then once a minute as long as it lasts: on standard error, and in the log if that still takes lines.
 */
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

/* It works again: says so, with what is missing in the log. */
static void say_recovered(struct tel_log_writer *writer) {
  if (!say(writer, "log output recovered", NULL)) return; /* next time */
  writer->lost = 0;
  writer->said_at = 0;
}

/* What was logged before the start has no line yet. */
static bool has_line(const struct tel_log_writer *writer, struct tel_log_record *record) {
  return record->line || tel_log_seal(&writer->encoder, record);
}

/* Returns false without memory; then what was there is still whole. */
static bool add_line(struct tel_log_writer *writer, struct tel_log_record *record) {
  if (!has_line(writer, record)) return false;
  buf_append(&writer->batch, record->line, record->line_len);
  bool added = !buf_failed(&writer->batch);
  writer->batch.failed = false;
  return added;
}

/* Returns false if nothing was queued. */
static bool write_batch(struct tel_log_writer *writer) {
  struct tel_log_result result = {0};
  uint64_t taken = 0, no_memory = 0;
  struct tel_log_record *record;
  buf_reset(&writer->batch);
  while (writer->batch.len < BATCH_BYTES && (record = tel_log_queue_pop(writer->queue))) {
    atomic_store_explicit(&writer->in_batch, ++taken, memory_order_relaxed);
    if (!add_line(writer, record)) no_memory++;
    tel_log_queue_give(writer->queue, record);
  }
  if (taken == 0) return false;
  if (writer->batch.len) tel_log_output_write(writer->output, writer->batch.data, writer->batch.len, &result);
  settle(writer, &result, no_memory);
  writer->lost += result.lost;
  if (result.error)
    say_trouble(writer, &result);
  else if (writer->lost || writer->said_at)
    say_recovered(writer);
  return true;
}

static int syslog_priority(enum tel_level level) {
  static const int priorities[] = {
      [TEL_DEBUG] = LOG_DEBUG, [TEL_INFO] = LOG_INFO,  [TEL_WARN] = LOG_WARNING,
      [TEL_ERROR] = LOG_ERR,   [TEL_FATAL] = LOG_CRIT,
  };
  return priorities[level];
}

static bool write_syslog(struct tel_log_writer *writer) {
  struct tel_log_result result = {0};
  uint64_t taken = 0, no_memory = 0;
  struct tel_log_record *record;
  while (taken < SYSLOG_BATCH && !past_deadline(writer) && (record = tel_log_queue_pop(writer->queue))) {
    atomic_store_explicit(&writer->in_batch, ++taken, memory_order_relaxed);
    if (has_line(writer, record)) {
      syslog(syslog_priority(record->level), "%.*s", (int)record->line_len - 1, record->line);
      result.written++;
    } else {
      no_memory++;
    }
    tel_log_queue_give(writer->queue, record);
  }
  if (taken) settle(writer, &result, no_memory);
  return taken != 0;
}

static void reopen(struct tel_log_writer *writer, unsigned asked) {
  struct tel_log_result result = {0};
  if (writer->output) tel_log_output_reopen(writer->output, &result);
  settle(writer, &result, 0);
  writer->lost += result.lost;
  if (result.error) say_trouble(writer, &result);
  pthread_mutex_lock(&writer->lock);
  writer->reopened = asked;
  writer->reopen_error = result.failures[TEL_LOG_FAILED_REOPEN] ? result.error : 0;
  pthread_cond_broadcast(&writer->change);
  pthread_mutex_unlock(&writer->lock);
}

static void *run(void *cls) {
  struct tel_log_writer *writer = cls;
  unsigned reopened = 0, asked;
  bool stop;
  do {
    tel_log_queue_wait(writer->queue);
    stop = atomic_load(&writer->stop); /* before the last look at the queue */
    asked = atomic_load(&writer->reopen);
    if (asked != reopened) reopen(writer, reopened = asked);
    while (!past_deadline(writer) && (writer->output ? write_batch(writer) : write_syslog(writer))) {
    }
  } while (!stop);
  struct tel_log_result result = {0};
  if (writer->output)
    tel_log_output_free(writer->output, &result);
  else
    closelog();
  settle(writer, &result, 0);
  pthread_mutex_lock(&writer->lock);
  writer->done = true;
  pthread_cond_broadcast(&writer->change);
  pthread_mutex_unlock(&writer->lock);
  return NULL;
}

int tel_log_writer_start(struct tel_log_writer *writer) {
  /* Signals are for another thread; SIGPIPE and SIGXFSZ come as errors here. */
  sigset_t all, before;
  int result = tel_log_queue_start(writer->queue);
  if (result) return result;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&writer->thread, NULL, run, writer);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error) {
    errno = error;
    return TEL_E_SYSTEM;
  }
  pthread_setname_np(writer->thread, "log-writer");
  writer->started = true;
  return 0;
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

static struct timespec time_at(uint64_t mono_ns) {
  return (struct timespec){(time_t)(mono_ns / CLOCK_NS_PER_S), (long)(mono_ns % CLOCK_NS_PER_S)};
}

int tel_log_writer_reopen(struct tel_log_writer *writer) {
  struct timespec until = time_at(clock_mono_ns() + CLOCK_NS_PER_S);
  unsigned asked = atomic_fetch_add(&writer->reopen, 1) + 1;
  int error = 0;
  if (!writer->started) return 0; /* when it starts */
  tel_log_queue_wake(writer->queue);
  pthread_mutex_lock(&writer->lock);
  while (!writer->done && (int)(writer->reopened - asked) < 0 && error == 0)
    error = pthread_cond_timedwait(&writer->change, &writer->lock, &until);
  if (error == 0) error = writer->reopen_error;
  pthread_mutex_unlock(&writer->lock);
  errno = error;
  return error ? TEL_E_SYSTEM : 0;
}

uint64_t tel_log_writer_free(struct tel_log_writer *writer, uint64_t deadline) {
  atomic_store(&writer->deadline, deadline);
  atomic_store(&writer->stop, true);
  tel_log_queue_wake(writer->queue);
  bool runs = writer->started || tel_log_writer_start(writer) == 0;

  uint64_t now = clock_mono_ns(), until = deadline > now ? deadline : now;
  until = until < UINT64_MAX - GRACE_NS ? until + GRACE_NS : UINT64_MAX;
  struct timespec time = time_at(until);
  pthread_mutex_lock(&writer->lock);
  while (runs && !writer->done)
    if (pthread_cond_timedwait(&writer->change, &writer->lock, &time) != 0) break;
  bool hangs = runs && !writer->done;
  uint64_t unwritten = tel_log_queue_count(writer->queue) + atomic_load(&writer->in_batch);
  uint64_t lost = writer->lost_at_stop + unwritten;
  tel_log_stats_lost(writer->stats, TEL_LOST_SHUTDOWN, unwritten);
  writer->stats = NULL;
  pthread_mutex_unlock(&writer->lock);

  if (hangs) {
    tel_leave_behind(&writer->left);
    pthread_detach(writer->thread);
    return lost;
  }
  if (runs) {
    pthread_join(writer->thread, NULL);
  } else {
    tel_log_output_free(writer->output, &(struct tel_log_result){0});
    closelog();
  }
  pthread_cond_destroy(&writer->change);
  pthread_mutex_destroy(&writer->lock);
  tel_log_queue_free(writer->queue);
  release(writer);
  return lost;
}
