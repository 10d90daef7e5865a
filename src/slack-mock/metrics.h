/* The mock's own metrics. Any thread. */
#ifndef SLACK_MOCK_METRICS_H
#define SLACK_MOCK_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "slack-mock/answers.h"
#include "slack-mock/mode.h"
#include "slack-mock/store.h"

#define MOCK_REFUSED_STATUSES 9

struct mock_counts {
  _Atomic uint64_t answers[MOCK_ANSWER_COUNT];
  _Atomic uint64_t refused[MOCK_REFUSED_STATUSES];
};

/* One request that reached no endpoint. */
void mock_counts_refused(struct mock_counts *counts, unsigned status);

static inline void mock_counts_add(struct mock_counts *counts, enum mock_answer answer) {
  atomic_fetch_add_explicit(&counts->answers[answer], 1, memory_order_relaxed);
}

static inline uint64_t mock_counts_get(struct mock_counts *counts, enum mock_answer answer) {
  return atomic_load_explicit(&counts->answers[answer], memory_order_relaxed);
}

#define MOCK_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Writes the metrics page, as Prometheus text 0.0.4. */
void mock_metrics_write(struct mock_counts *counts, struct mock_store *store, struct mock_mode *mode,
                        struct buf *out);

#endif
