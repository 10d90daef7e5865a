/* SPDX-License-Identifier: MIT */
/* A tracer with its batch, and an exporter that the test provides. */
#ifndef TELEMETRY_TRACES_TRACER_FIXTURE_H
#define TELEMETRY_TRACES_TRACER_FIXTURE_H

#include "telemetry/traces/batch.h"
#include "telemetry/traces/sampler.h"
#include "telemetry/traces/span.h"
#include "telemetry/traces/span_counts.h"

struct fixture {
  struct tel_span_counts counts;
  struct tel_tracer tracer;
};

/* Sets the library's defaults. Change tracer.settings before fixture_open(). */
static inline void fixture_init(struct fixture *f) {
  *f = (struct fixture){.tracer = {.counts = &f->counts}};
  tel_tracing_settings_init(&f->tracer.settings);
}

static inline void fixture_open(struct fixture *f, const struct tel_tracing_events *events) {
  const struct tel_tracing_settings *s = &f->tracer.settings;
  const struct tel_batch_settings batch = {s->queue_size, s->batch_size, s->schedule_delay_ms,
                                           s->export_timeout_ms, 0};
  f->tracer.threshold = tel_sampler_threshold(s->ratio);
  f->tracer.pool = tel_pool_new(64, sizeof(struct tel_span));
  f->tracer.batch = tel_batch_new(&batch, events, &f->counts, NULL);
  if (!f->tracer.pool || !f->tracer.batch) abort();
}

/* Whether the batch ended in time. */
static inline bool fixture_close(struct fixture *f, uint64_t deadline) {
  if (!tel_batch_free(f->tracer.batch, deadline)) return false;
  tel_pool_free(f->tracer.pool);
  return true;
}

static inline uint64_t fixture_dropped(const struct fixture *f, enum tel_drop reason) {
  return atomic_load(&f->counts.dropped[reason]);
}

/* Whether every started span is accounted for. */
static inline bool fixture_balanced(const struct fixture *f) {
  return atomic_load(&f->counts.started) ==
         atomic_load(&f->counts.exported) + tel_span_counts_dropped(&f->counts);
}

static inline void fixture_emit(struct fixture *f, int spans) {
  for (int i = 0; i < spans; i++)
    tel_span_end(tel_span_start(&f->tracer, "span", TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
}

#endif
