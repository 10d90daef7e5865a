/* SPDX-License-Identifier: MIT */
/* The mock's metrics, in a registry of libtel. Any thread, except open and free. */
#ifndef SLACK_MOCK_METRICS_H
#define SLACK_MOCK_METRICS_H

#include <stdbool.h>

#include <tel/metrics.h>

#include "slack-mock/mode.h"
#include "slack-mock/results.h"
#include "slack-mock/store.h"

enum { MOCK_REFUSED_STATUSES = 10 };

struct mock_metrics {
  struct tel_registry *registry;
  struct tel_counter *results[MOCK_RESULT_COUNT], *refused[MOCK_REFUSED_STATUSES];
};

/* Store and mode must outlive the metrics. Returns false when out of memory; free the metrics in that case
 * too. */
bool mock_metrics_open(struct mock_metrics *metrics, struct mock_store *store, struct mock_mode *mode);
void mock_metrics_free(struct mock_metrics *metrics);
/* Counts a refused request by the status of its response. */
void mock_metrics_refused(struct mock_metrics *metrics, unsigned status);

#endif
