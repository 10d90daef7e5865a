/* SPDX-License-Identifier: MIT */
/* The model behind metrics.h, shared by the files that build it (registry.c), record in it (metrics.c) and
 * read it (exposition.c, process.c).
 *
 * Counters and histograms are split into shards on separate cache lines. A thread gets a shard when it first
 * records and keeps it, so threads rarely contend for a line. There may be more threads than shards, so
 * recording is still atomic. A reader adds up the shards. Shards only grow, so the sum never decreases. */
#ifndef TELEMETRY_METRICS_METRICS_MODEL_H
#define TELEMETRY_METRICS_METRICS_MODEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "tel/metrics.h"
#include "telemetry/metrics/exposition.h"

enum { TEL_SHARDS = 8 /* a power of two */, TEL_CACHE_LINE = 64, TEL_MAX_LABELS = 8, TEL_MAX_BUCKETS = 64 };

/* A writer claims a slot with an odd version. A reader accepts it if it sees the same even version before and
 * after. No thread waits: a writer that finds the slot claimed skips it. */
struct tel_exemplar_slot {
  _Atomic uint64_t version; /* 0: never written */
  _Atomic uint64_t trace_id[2];
  _Atomic uint64_t span_id;
  _Atomic uint64_t unix_ns;
  _Atomic double value;
};

struct tel_counter {
  struct {
    _Alignas(TEL_CACHE_LINE) _Atomic uint64_t value;
  } shards[TEL_SHARDS];
  struct tel_exemplar_slot exemplar;
};

struct tel_gauge {
  _Alignas(TEL_CACHE_LINE) _Atomic double value;
};

struct tel_histogram_shard {
  _Atomic double sum;
  _Atomic uint64_t counts[]; /* one per bucket, not cumulative; the last is +Inf's */
};

struct tel_histogram {
  const double *bounds; /* the family's */
  size_t bound_count;
  size_t shard_size;                    /* bytes, whole cache lines */
  unsigned char *shards;                /* TEL_SHARDS of them, after the exemplars in the same block */
  struct tel_exemplar_slot exemplars[]; /* bound_count + 1 */
};

struct tel_series {
  char *values; /* the label values in sequence, each with its NUL */
  size_t values_len;
  uint64_t hash;    /* of values */
  void *instrument; /* struct tel_counter, tel_gauge or tel_histogram, by the family's type */
};

struct tel_family {
  struct tel_registry *registry;
  enum tel_metric_type type;
  const char *name; /* this and the next three point into strings */
  const char *help; /* "": none */
  const char *unit; /* "": none */
  const char *labels[TEL_MAX_LABELS];
  size_t label_count;
  size_t base_len; /* of the name without a counter's _total: OpenMetrics' family name */
  char *strings;
  double bounds[TEL_MAX_BUCKETS];
  size_t bound_count;
  /* Under the registry's lock. */
  struct tel_series *series;
  size_t series_count, series_room;
  uint32_t *index;  /* a hash table of series numbers + 1 with 2 * series_room places; 0: free */
  uint64_t dropped; /* series refused */
  /* For a family that is read at each scrape. */
  tel_read_fn *read;
  void *cls;
  void *owned; /* freed with the family */
};

struct tel_registry {
  pthread_mutex_t lock;
  size_t max_families, max_series;
  struct tel_family **families; /* sorted by name */
  size_t family_count, family_room;
  struct tel_histogram *scrape_duration;
  uint64_t scrapes;    /* number of scrapes; lets a read function collect its data once per scrape */
  size_t last_size[2]; /* of the last exposition, by format: the size to reserve for the next one */
  struct buf seen;     /* the hashes of the label pairs that the current read family has emitted */
};

struct tel_emit {
  struct tel_family *family;
  enum tel_format format;
  struct buf *out;
  struct buf *labels; /* scratch: a series' label pairs */
  size_t count;       /* series so far */
};

/* registry.c: a hash of 64 bits, without collisions in practice. */
uint64_t tel_metrics_hash(const char *data, size_t len);

/* metrics.c */

/* Makes an instrument of this size at zero, on its own cache lines, to be freed with free(). NULL when out of
 * memory. */
void *tel_instrument_new(size_t size);
struct tel_histogram *tel_histogram_new(const double *bounds, size_t bound_count);
/* Adds up the shards: bound_count + 1 counts, not cumulative, and the sum. Any thread. */
void tel_histogram_read(const struct tel_histogram *histogram, uint64_t *counts, double *sum);

struct tel_exemplar {
  struct tel_context context;
  double value;
  uint64_t unix_ns;
};
/* Reads the exemplar. Returns false if there is none, or if other threads replaced it during each attempt.
 * Any thread. */
bool tel_exemplar_read(const struct tel_exemplar_slot *slot, struct tel_exemplar *out);

/* registry.c */

/* Returns false if this thread has the lock: a read function called its own registry. */
TEL_MUST_CHECK bool tel_registry_lock(struct tel_registry *registry);
/* tel_counter_family() and its siblings, by the type. */
TEL_MUST_CHECK int tel_family_new(struct tel_registry *registry, const struct tel_family_spec *spec,
                                  enum tel_metric_type type, struct tel_family **out);
/* Like tel_read_family(), and the registry frees owned at its end. On failure the caller still owns it. */
TEL_MUST_CHECK int tel_read_family_owned(struct tel_registry *registry, const struct tel_family_spec *spec,
                                         enum tel_metric_type type, tel_read_fn *read, void *cls,
                                         void *owned);

/* metric_names.c */

/* Whether the names and the unit of this specification may be used for that type. */
bool tel_family_names_valid(const struct tel_family_spec *spec, enum tel_metric_type type);
/* The length of the name without a counter's _total. */
size_t tel_family_base_len(const char *name, enum tel_metric_type type);
/* Whether two families would share the name of a sample or, in OpenMetrics, of the family. */
bool tel_family_names_clash(const struct tel_family *a, const struct tel_family *b);

#endif
