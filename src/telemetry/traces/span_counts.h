/* SPDX-License-Identifier: MIT */
/* Counts of recorded spans. With an exporter, and while no thread changes them: started = exported + dropped
 * + queued + being exported + open. Any thread counts; scrapes and the shutdown read. */
#ifndef TELEMETRY_TRACES_SPAN_COUNTS_H
#define TELEMETRY_TRACES_SPAN_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

#define TEL_DROP_REASONS(X)                                                                                  \
  X(TEL_DROP_QUEUE_FULL, "queue_full") /* spans ended faster than they were exported */                      \
  X(TEL_DROP_EXPORT_FAILED,                                                                                  \
    "export_failed")               /* the collector could not be reached, or refused the request */          \
  X(TEL_DROP_NOT_OTLP, "not_otlp") /* a success status, but not from a collector */                          \
  X(TEL_DROP_REJECTED, "rejected") /* refused by the collector in a partial success */                       \
  X(TEL_DROP_SHUTDOWN, "shutdown") /* queued, or in an export that hung, at the deadline of the stop */      \
  X(TEL_DROP_MEMORY, "memory")

#define TEL_DROP_ENUM(name, text) name,
enum tel_drop { TEL_DROP_REASONS(TEL_DROP_ENUM) TEL_DROP_COUNT };
#undef TEL_DROP_ENUM

struct tel_span_counts {
  _Atomic uint64_t started;
  _Alignas(64) _Atomic uint64_t exported; /* on another cache line, because the exporter writes these */
  _Atomic uint64_t dropped[TEL_DROP_COUNT];
};

static inline void tel_span_counts_drop(struct tel_span_counts *counts, enum tel_drop reason, uint64_t n) {
  atomic_fetch_add_explicit(&counts->dropped[reason], n, memory_order_relaxed);
}

static inline uint64_t tel_span_counts_dropped(const struct tel_span_counts *counts) {
  uint64_t sum = 0;
  for (int i = 0; i < TEL_DROP_COUNT; i++)
    sum += atomic_load_explicit(&counts->dropped[i], memory_order_relaxed);
  return sum;
}

#endif
