#include "telemetry/logs/log_stats.h"

#include <pthread.h>
#include <string.h>

static const char *const losses[TEL_LOSSES] = {
    [TEL_LOST_QUEUE_FULL] = "queue_full",
    [TEL_LOST_WRITE_ERROR] = "write_error",
    [TEL_LOST_SHUTDOWN] = "shutdown",
    [TEL_LOST_MEMORY] = "memory",
};

static const char *const failures[TEL_LOG_FAILURES] = {
    [TEL_LOG_FAILED_WRITE] = "write",
    [TEL_LOG_FAILED_REOPEN] = "reopen",
    [TEL_LOG_FAILED_ROTATE] = "rotate",
};

/* The registry outlives the logger and may be scraped at any time, so reading looks here first. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tel_log_stats *open_stats;

static void read_queue_size(void *cls, struct tel_emit *emit) {
  double size = 0;
  pthread_mutex_lock(&open_lock);
  for (struct tel_log_stats *s = open_stats; s; s = s->next)
    if (s == cls) size = (double)tel_pipeline_queued(s->pipeline);
  pthread_mutex_unlock(&open_lock);
  tel_emit_value(emit, NULL, size);
}

static int plain_counter(struct tel_registry *registry, const char *name, const char *help,
                         struct tel_counter **out) {
  struct tel_family *family;
  int result = tel_counter_family(registry, &(struct tel_family_spec){.name = name, .help = help}, &family);
  return result ? result : tel_counter_series(family, NULL, out);
}

static int reason_counters(struct tel_registry *registry, const char *name, const char *help,
                           const char *const reasons[], int count, struct tel_counter *out[]) {
  static const char *const labels[] = {"reason"};
  struct tel_family *family;
  int result = tel_counter_family(
      registry, &(struct tel_family_spec){.name = name, .help = help, .labels = labels, .label_count = 1},
      &family);
  for (int i = 0; !result && i < count; i++) result = tel_counter_series(family, &reasons[i], &out[i]);
  return result;
}

static int queue_gauges(struct tel_registry *registry, struct tel_log_stats *stats) {
  struct tel_family *family;
  struct tel_gauge *capacity;
  int result = tel_gauge_family(
      registry,
      &(struct tel_family_spec){.name = "telemetry_log_queue_capacity", .help = "Log records that can wait."},
      &family);
  if (!result) result = tel_gauge_series(family, NULL, &capacity);
  if (result) return result;
  tel_gauge_set(capacity, (double)tel_pipeline_capacity(stats->pipeline));
  return tel_read_family(registry,
                         &(struct tel_family_spec){.name = "telemetry_log_queue_size",
                                                   .help = "Log records that wait to be written."},
                         TEL_METRIC_GAUGE, read_queue_size, stats);
}

static void lock_open(void) {
  pthread_mutex_lock(&open_lock);
}

static void unlock_open(void) {
  pthread_mutex_unlock(&open_lock);
}

/* A child of fork() must be able to take the lock. Without memory it can, unless a scrape had it. */
static void watch_forks(void) {
  (void)pthread_atfork(lock_open, unlock_open, unlock_open);
}

int tel_log_stats_open(struct tel_log_stats *stats, struct tel_registry *registry,
                       const struct tel_pipeline *pipeline) {
  memset(stats, 0, sizeof *stats);
  stats->pipeline = pipeline;
  if (registry) {
    int result = plain_counter(registry, "telemetry_log_lines_written_total",
                               "Log lines that reached their output.", &stats->written);
    if (!result)
      result = reason_counters(registry, "telemetry_log_lines_dropped_total",
                               "Log lines that were lost, by reason.", losses, TEL_LOSSES, stats->dropped);
    if (!result)
      result = reason_counters(registry, "telemetry_log_output_failures_total",
                               "Attempts to write, reopen or rotate the log that failed.", failures,
                               TEL_LOG_FAILURES, stats->failures);
    if (!result)
      result = plain_counter(registry, "telemetry_log_rotations_total",
                             "Log files that were full and rotated.", &stats->rotations);
    if (!result) result = queue_gauges(registry, stats);
    if (result) return result;
  }
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, watch_forks);
  pthread_mutex_lock(&open_lock);
  stats->next = open_stats;
  open_stats = stats;
  pthread_mutex_unlock(&open_lock);
  return 0;
}

void tel_log_stats_close(struct tel_log_stats *stats) {
  pthread_mutex_lock(&open_lock);
  struct tel_log_stats **at = &open_stats;
  while (*at != stats) at = &(*at)->next;
  *at = stats->next;
  pthread_mutex_unlock(&open_lock);
}

void tel_log_stats_lost(struct tel_log_stats *stats, enum tel_log_loss why, uint64_t lines) {
  tel_counter_add(stats->dropped[why], lines);
}
