/* SPDX-License-Identifier: MIT */
/* The model behind metrics.h, shared by the files that build it (registry.c), record in it (metrics.c) and
 * read it (exposition.c, process.c). It knows no format. Not for other layers.
 *
 * Counters and histograms are split into shards on cache lines of their own. A thread is given a shard when
 * it first records and keeps it, so threads seldom meet on a line; as there are more threads than shards,
 * recording is still atomic. A reader adds the shards up: each only grows, and so does their sum. */
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

/* A slot that is written by whoever claims it (version odd) and read by those who see the same even version
 * before and after. Nobody ever waits: a writer that finds it claimed leaves it alone. */
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
  _Atomic uint64_t counts[]; /* one a bucket, not cumulative; the last is +Inf's */
};

struct tel_histogram {
  const double *bounds; /* the family's */
  size_t bound_count;
  size_t shard_size;                    /* bytes, whole cache lines */
  unsigned char *shards;                /* TEL_SHARDS of them, behind the exemplars in the same block */
  struct tel_exemplar_slot exemplars[]; /* bound_count + 1 */
};

struct tel_series {
  char *values; /* the label values one behind the other, each with its NUL */
  size_t values_len;
  uint64_t hash;    /* of values */
  void *instrument; /* struct tel_counter, tel_gauge or tel_histogram, as the family's type says */
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
  uint64_t dropped; /* series refused */
  /* Of a family that is read when it is scraped. */
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
  uint64_t scrapes;    /* how many there were: what a read function gathers once a scrape it can tell by */
  size_t last_size[2]; /* of an exposition, by format: how much room the next will want */
};

struct tel_emit {
  struct tel_family *family;
  enum tel_format format;
  struct buf *out;
  struct buf *labels; /* scratch: a series' label pairs */
  size_t count;       /* series so far */
};

/* metrics.c */

/* Instruments at zero, to be freed with free(). NULL when out of memory. */
struct tel_counter *tel_counter_new(void);
struct tel_gauge *tel_gauge_new(void);
struct tel_histogram *tel_histogram_new(const double *bounds, size_t bound_count);
/* Adds up the shards: bound_count + 1 counts, not cumulative, and the sum. Any thread. */
void tel_histogram_read(const struct tel_histogram *histogram, uint64_t *counts, double *sum);

struct tel_exemplar {
  struct tel_context context;
  double value;
  uint64_t unix_ns;
};
/* The exemplar of one bucket, whole; false if there is none, or writers did not let it be read. Any thread.
 */
bool tel_histogram_exemplar(const struct tel_histogram *histogram, size_t bucket, struct tel_exemplar *out);
/* The same of a counter. */
bool tel_counter_exemplar(const struct tel_counter *counter, struct tel_exemplar *out);

/* registry.c */

/* As tel_read_family(), for a cls that the registry frees in the end. On failure it is still the caller's. */
TEL_MUST_CHECK int tel_read_family_owned(struct tel_registry *registry, const struct tel_family_spec *spec,
                                         enum tel_metric_type type, tel_read_fn *read, void *cls,
                                         void *owned);

/* metric_names.c */

/* Whether the names and the unit of this specification may be used for that type. */
bool tel_family_names_valid(const struct tel_family_spec *spec, enum tel_metric_type type);
/* How long the name is without a counter's _total. */
size_t tel_family_base_len(const char *name, enum tel_metric_type type);
/* Whether two families would share the name of a sample or, in OpenMetrics, of the family. */
bool tel_family_names_clash(const struct tel_family *a, const struct tel_family *b);

#endif
