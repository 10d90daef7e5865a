/* SPDX-License-Identifier: MIT */
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

/* The registry outlives the logger and may be scraped at any time, so a read function checks this list first.
 */
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

static int register_metrics(struct tel_log_stats *stats, struct tel_registry *registry) {
  struct tel_family *dropped = NULL, *failed = NULL;
  struct tel_gauge *capacity = NULL;
  const struct tel_metric table[] = {
      {.type = TEL_METRIC_COUNTER,
       .name = "telemetry_log_lines_written_total",
       .help = "Log lines that reached their output.",
       .counter = &stats->written},
      {.type = TEL_METRIC_COUNTER,
       .name = "telemetry_log_lines_dropped_total",
       .help = "Log lines that were lost, by reason.",
       .labels = "reason",
       .family = &dropped},
      {.type = TEL_METRIC_COUNTER,
       .name = "telemetry_log_output_failures_total",
       .help = "Attempts to write, reopen or rotate the log that failed.",
       .labels = "reason",
       .family = &failed},
      {.type = TEL_METRIC_COUNTER,
       .name = "telemetry_log_rotations_total",
       .help = "Rotations of a full log file.",
       .counter = &stats->rotations},
      {.type = TEL_METRIC_GAUGE,
       .name = "telemetry_log_queue_capacity",
       .help = "Maximum number of queued log records.",
       .gauge = &capacity},
      {.type = TEL_METRIC_GAUGE,
       .name = "telemetry_log_queue_size",
       .help = "Log records in the queue.",
       .read = read_queue_size,
       .cls = stats},
  };
  int error = tel_registry_add(registry, table, sizeof table / sizeof *table);
  for (int i = 0; !error && i < TEL_LOSSES; i++)
    error = tel_counter_series(dropped, &losses[i], &stats->dropped[i]);
  for (int i = 0; !error && i < TEL_LOG_FAILURES; i++)
    error = tel_counter_series(failed, &failures[i], &stats->failures[i]);
  tel_gauge_set(capacity, (double)tel_pipeline_capacity(stats->pipeline));
  return error;
}

static void lock_open(void) {
  pthread_mutex_lock(&open_lock);
}

static void unlock_open(void) {
  pthread_mutex_unlock(&open_lock);
}

/* A child of fork() must be able to take the lock. If this registration fails, the child still can, unless a
 * scrape held the lock at the fork. */
static void watch_forks(void) {
  (void)pthread_atfork(lock_open, unlock_open, unlock_open);
}

int tel_log_stats_open(struct tel_log_stats *stats, struct tel_registry *registry,
                       const struct tel_pipeline *pipeline) {
  memset(stats, 0, sizeof *stats);
  stats->pipeline = pipeline;
  int error = registry ? register_metrics(stats, registry) : 0;
  if (error) return error;
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
