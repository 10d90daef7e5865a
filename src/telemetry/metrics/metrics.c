/* SPDX-License-Identifier: MIT */
/* Recording and reading: the instruments. */
#include "tel/metrics.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "telemetry/metrics/metrics_model.h"

/* Threads may be short-lived (one per connection), so shards are assigned in turn and never given back. */
static unsigned shard_index(void) {
  static atomic_uint next;
  static _Thread_local unsigned mine; /* index plus one; 0: none yet */
  if (mine == 0) mine = 1 + atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % TEL_SHARDS;
  return mine - 1;
}

void *tel_instrument_new(size_t size) {
  size = (size + TEL_CACHE_LINE - 1) / TEL_CACHE_LINE * TEL_CACHE_LINE;
  void *lines = aligned_alloc(TEL_CACHE_LINE, size);
  if (lines) memset(lines, 0, size);
  return lines;
}

static void add_double(_Atomic double *to, double delta) {
  double old = atomic_load_explicit(to, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit(to, &old, old + delta, memory_order_relaxed,
                                                memory_order_relaxed)) {
  }
}

/* Exemplars */

/* The fields are stored with release and loaded with acquire order. So a reader that sees a field of a later
 * writer also sees that writer's version. Fences would work too, but ThreadSanitizer does not know them. */
static void keep(struct tel_exemplar_slot *slot, double value, const struct tel_context *context,
                 uint64_t unix_ns) {
  /* Keep at most one exemplar per time value, so that most threads only read this cache line. */
  if (atomic_load_explicit(&slot->unix_ns, memory_order_relaxed) == unix_ns) return;
  uint64_t trace_id[2], span_id;
  memcpy(trace_id, context->trace_id, sizeof trace_id);
  memcpy(&span_id, context->span_id, sizeof span_id);
  if ((trace_id[0] | trace_id[1]) == 0 || span_id == 0) return;

  uint64_t version = atomic_load_explicit(&slot->version, memory_order_relaxed);
  if (version & 1 || !atomic_compare_exchange_strong_explicit(&slot->version, &version, version + 1,
                                                              memory_order_acq_rel, memory_order_relaxed))
    return;
  atomic_store_explicit(&slot->trace_id[0], trace_id[0], memory_order_release);
  atomic_store_explicit(&slot->trace_id[1], trace_id[1], memory_order_release);
  atomic_store_explicit(&slot->span_id, span_id, memory_order_release);
  atomic_store_explicit(&slot->unix_ns, unix_ns, memory_order_release);
  atomic_store_explicit(&slot->value, value, memory_order_release);
  atomic_store_explicit(&slot->version, version + 2, memory_order_release);
}

static bool kept_as_exemplar(const struct tel_context *context) {
  return context && (context->flags & TEL_FLAG_SAMPLED);
}

bool tel_exemplar_read(const struct tel_exemplar_slot *slot, struct tel_exemplar *out) {
  for (int attempt = 0; attempt < 4; attempt++) {
    uint64_t version = atomic_load_explicit(&slot->version, memory_order_acquire);
    if (version == 0) return false;
    if (version & 1) continue;
    uint64_t trace_id[2] = {atomic_load_explicit(&slot->trace_id[0], memory_order_acquire),
                            atomic_load_explicit(&slot->trace_id[1], memory_order_acquire)};
    uint64_t span_id = atomic_load_explicit(&slot->span_id, memory_order_acquire);
    uint64_t unix_ns = atomic_load_explicit(&slot->unix_ns, memory_order_acquire);
    double value = atomic_load_explicit(&slot->value, memory_order_acquire);
    if (atomic_load_explicit(&slot->version, memory_order_relaxed) != version) continue;
    memcpy(out->context.trace_id, trace_id, sizeof trace_id);
    memcpy(out->context.span_id, &span_id, sizeof span_id);
    out->context.flags = TEL_FLAG_SAMPLED;
    out->context.remote = false;
    out->unix_ns = unix_ns;
    out->value = value;
    return true;
  }
  return false;
}

/* Counters */

void tel_counter_add(struct tel_counter *counter, uint64_t n) {
  if (!counter) return;
  atomic_fetch_add_explicit(&counter->shards[shard_index()].value, n, memory_order_relaxed);
}

void tel_counter_add_at(struct tel_counter *counter, uint64_t n, const struct tel_context *exemplar,
                        uint64_t unix_ns) {
  if (!counter) return;
  tel_counter_add(counter, n);
  if (kept_as_exemplar(exemplar)) keep(&counter->exemplar, (double)n, exemplar, unix_ns);
}

uint64_t tel_counter_value(const struct tel_counter *counter) {
  uint64_t value = 0;
  if (!counter) return value;
  for (size_t i = 0; i < TEL_SHARDS; i++)
    value += atomic_load_explicit(&counter->shards[i].value, memory_order_relaxed);
  return value;
}

/* Gauges */

void tel_gauge_set(struct tel_gauge *gauge, double value) {
  if (gauge) atomic_store_explicit(&gauge->value, value, memory_order_relaxed);
}

void tel_gauge_add(struct tel_gauge *gauge, double delta) {
  if (gauge) add_double(&gauge->value, delta);
}

double tel_gauge_value(const struct tel_gauge *gauge) {
  return gauge ? atomic_load_explicit(&gauge->value, memory_order_relaxed) : 0;
}

/* Histograms */

struct tel_histogram *tel_histogram_new(const double *bounds, size_t bound_count) {
  struct tel_histogram *h;
  size_t buckets = bound_count + 1;
  size_t head = sizeof *h + buckets * sizeof h->exemplars[0];
  size_t shard = sizeof(struct tel_histogram_shard) + buckets * sizeof(uint64_t);
  head = (head + TEL_CACHE_LINE - 1) / TEL_CACHE_LINE * TEL_CACHE_LINE;
  shard = (shard + TEL_CACHE_LINE - 1) / TEL_CACHE_LINE * TEL_CACHE_LINE;
  h = tel_instrument_new(head + TEL_SHARDS * shard);
  if (!h) return NULL;
  h->bounds = bounds;
  h->bound_count = bound_count;
  h->shard_size = shard;
  h->shards = (unsigned char *)h + head;
  return h;
}

static struct tel_histogram_shard *shard_at(const struct tel_histogram *h, size_t index) {
  return (void *)(h->shards + index * h->shard_size);
}

/* The first bucket whose bound is not below the value; the last is +Inf's. */
static size_t bucket_of(const struct tel_histogram *h, double value) {
  size_t low = 0, high = h->bound_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (h->bounds[middle] < value)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Returns the place for the observation's exemplar, or NULL if the value is ignored. */
static struct tel_exemplar_slot *record(struct tel_histogram *h, double value) {
  /* The sum is a counter: ignore values that would make it decrease or become infinite or NaN. */
  if (!h || !(value >= 0 && value <= DBL_MAX)) return NULL;
  size_t bucket = bucket_of(h, value);
  struct tel_histogram_shard *shard = shard_at(h, shard_index());
  atomic_fetch_add_explicit(&shard->counts[bucket], 1, memory_order_relaxed);
  add_double(&shard->sum, value);
  return &h->exemplars[bucket];
}

void tel_histogram_observe(struct tel_histogram *h, double value, const struct tel_context *exemplar) {
  struct tel_exemplar_slot *slot = record(h, value);
  if (slot && kept_as_exemplar(exemplar)) keep(slot, value, exemplar, clock_unix_coarse_ns());
}

void tel_histogram_observe_at(struct tel_histogram *h, double value, const struct tel_context *exemplar,
                              uint64_t unix_ns) {
  struct tel_exemplar_slot *slot = record(h, value);
  if (slot && kept_as_exemplar(exemplar)) keep(slot, value, exemplar, unix_ns);
}

void tel_histogram_read(const struct tel_histogram *h, uint64_t *counts, double *sum) {
  size_t buckets = h->bound_count + 1;
  memset(counts, 0, buckets * sizeof *counts);
  *sum = 0;
  for (size_t i = 0; i < TEL_SHARDS; i++) {
    const struct tel_histogram_shard *shard = shard_at(h, i);
    for (size_t b = 0; b < buckets; b++)
      counts[b] += atomic_load_explicit(&shard->counts[b], memory_order_relaxed);
    *sum += atomic_load_explicit(&shard->sum, memory_order_relaxed);
  }
}
