/* SPDX-License-Identifier: MIT */
/* The telemetry_log_* metrics. Any thread. */
#ifndef TELEMETRY_LOGS_LOG_STATS_H
#define TELEMETRY_LOGS_LOG_STATS_H

#include "tel/error.h"
#include "tel/metrics.h"
#include "telemetry/core/pipeline.h"
#include "telemetry/logs/log_output.h"

enum tel_log_loss {
  TEL_LOST_QUEUE_FULL,
  TEL_LOST_WRITE_ERROR,
  TEL_LOST_SHUTDOWN,
  TEL_LOST_MEMORY,
  TEL_LOSSES
};

struct tel_log_stats {
  struct tel_counter *written;
  struct tel_counter *dropped[TEL_LOSSES];
  struct tel_counter *failures[TEL_LOG_FAILURES];
  struct tel_counter *rotations;
  const struct tel_pipeline *pipeline; /* each scrape reads its size */
  struct tel_log_stats *next;          /* in the list of those that scrapes may read */
};

/* Registers the metrics, all at 0. A NULL registry: nothing is counted. Errors as for tel_counter_family().
 * After success, the struct must not move until tel_log_stats_close(). */
TEL_MUST_CHECK int tel_log_stats_open(struct tel_log_stats *stats, struct tel_registry *registry,
                                      const struct tel_pipeline *pipeline);
/* Call it before the queue is freed. Scrapes may continue and see a queue of 0. */
void tel_log_stats_close(struct tel_log_stats *stats);

#endif
