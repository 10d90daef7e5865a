/* SPDX-License-Identifier: MIT */
/* Counters, gauges and histograms: families with labels, and their series. Recording (add, set, observe)
 * allocates nothing, makes no system call and takes no lock, so a scrape never delays a request. Counters and
 * histograms are split over several cache lines, so threads rarely contend; a gauge is one cache line.
 * Creating families and series takes the registry's lock: do it at startup, or look up a series once and keep
 * the handle. Handles live as long as the registry. All functions except free may be called from any thread.
 * Follows the Prometheus data model and client library guidelines, and OpenMetrics 1.0. */
#ifndef TEL_METRICS_H
#define TEL_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include <tel/api.h>
#include <tel/context.h>
#include <tel/error.h>

TEL_BEGIN

struct tel_registry;
struct tel_family;
struct tel_counter;
struct tel_gauge;
struct tel_histogram;

struct tel_registry_settings {
  size_t max_families; /* 0: 256 */
  size_t max_series;   /* per family; 0: 1000 */
};

/* Describes a family; everything is copied. Names consist of letters, digits and _, and begin with a letter.
 * The data model's colon and leading _ are reserved for other uses. */
struct tel_family_spec {
  const char *name;          /* as in the text format; only counter names end in _total, and all of them do */
  const char *help;          /* UTF-8, or NULL */
  const char *unit;          /* OpenMetrics UNIT; must be the name's last word (before _total). Or NULL */
  const char *const *labels; /* label_count different names; not "le" for histograms */
  size_t label_count;        /* at most 8 */
  const double *buckets;     /* histograms: upper bounds, ascending, finite, not negative; +Inf is added */
  size_t bucket_count;       /* at most 64 */
};

/* settings NULL: the defaults. Returns NULL when out of memory. Registers
 * telemetry_metric_series_dropped_total{family}, which counts each refused call for a new series, and
 * telemetry_scrape_duration_seconds. These two do not count against max_families. */
TEL_API struct tel_registry *tel_registry_new(const struct tel_registry_settings *settings);
/* Frees all families and series. No thread may record any more. Accepts NULL. */
TEL_API void tel_registry_free(struct tel_registry *registry);

/* Creates a family. A family without labels gets its only series at once, so that it is exposed at 0. On
 * failure out is untouched: TEL_E_NAME (an invalid name, label name or unit, or the name is taken),
 * TEL_E_FULL, TEL_E_VALUE (NULL, invalid buckets, too many labels, help not UTF-8), TEL_E_MEMORY. A family
 * also takes the names of its samples: foo_bucket, foo_sum, foo_count and foo_created of a histogram foo, foo
 * and foo_created of a counter foo_total. */
TEL_API TEL_MUST_CHECK int tel_counter_family(struct tel_registry *, const struct tel_family_spec *,
                                              struct tel_family **out);
TEL_API TEL_MUST_CHECK int tel_gauge_family(struct tel_registry *, const struct tel_family_spec *,
                                            struct tel_family **out);
TEL_API TEL_MUST_CHECK int tel_histogram_family(struct tel_registry *, const struct tel_family_spec *,
                                                struct tel_family **out);

/* Returns the series of these label values (label_count of them, in the family's order, copied). A new series
 * is created and exposed at 0. On failure out is untouched: TEL_E_LABELS (a value is NULL or not UTF-8),
 * TEL_E_FULL (counted as dropped), TEL_E_MEMORY, TEL_E_VALUE (family or out is NULL, or the family is of
 * another type or is read at each scrape). */
TEL_API TEL_MUST_CHECK int tel_counter_series(struct tel_family *, const char *const *values,
                                              struct tel_counter **out);
TEL_API TEL_MUST_CHECK int tel_gauge_series(struct tel_family *, const char *const *values,
                                            struct tel_gauge **out);
TEL_API TEL_MUST_CHECK int tel_histogram_series(struct tel_family *, const char *const *values,
                                                struct tel_histogram **out);

/* All accept NULL and then do nothing, so recording needs no check for a failed registration. */
TEL_API void tel_counter_add(struct tel_counter *, uint64_t n);
/* Adds n and keeps an exemplar, as tel_histogram_observe_at() does. Its value is n. */
TEL_API void tel_counter_add_at(struct tel_counter *, uint64_t n, const struct tel_context *exemplar,
                                uint64_t unix_ns);
TEL_API void tel_gauge_set(struct tel_gauge *, double value);
TEL_API void tel_gauge_add(struct tel_gauge *, double delta);
/* Ignores a value that is negative, NaN or infinite, because the sum must never decrease. exemplar: the span
 * of the measurement, or NULL. A sampled span becomes the exemplar of its bucket, with value and time
 * (exemplar filter "trace_based"). It replaces an older exemplar, but not one of the same few milliseconds,
 * so that threads do not contend for it. */
TEL_API void tel_histogram_observe(struct tel_histogram *, double value, const struct tel_context *exemplar);

/* The same with the exemplar's time, on the clock of its trace; not 0. An exemplar does not replace one
 * with an equal time: round times down to a millisecond, so that threads do not contend for the exemplar. */
TEL_API void tel_histogram_observe_at(struct tel_histogram *, double value,
                                      const struct tel_context *exemplar, uint64_t unix_ns);

/* The value of a counter or gauge, for tests and for telemetry about telemetry; 0 for NULL. */
TEL_API uint64_t tel_counter_value(const struct tel_counter *);
TEL_API double tel_gauge_value(const struct tel_gauge *);

/* Creates a family that is read at each scrape: read calls tel_emit_value() once per series, with label_count
 * label values. If read makes no call, the scrape omits the family. read runs on the scraping thread, under
 * the registry's lock: it must be quick and must not block. Its calls to this registry return TEL_E_VALUE
 * (recording is allowed). read and cls must stay valid until the registry is freed. A sample that cannot be
 * exposed is omitted: a label value is NULL or not UTF-8, a counter is negative or NaN, or read has already
 * emitted a sample with these label values (compared among the first 4096 series). type: TEL_METRIC_COUNTER
 * or TEL_METRIC_GAUGE, else TEL_E_VALUE. Other errors as for a family. */
enum tel_metric_type { TEL_METRIC_COUNTER, TEL_METRIC_GAUGE, TEL_METRIC_HISTOGRAM };
struct tel_emit;
TEL_API void tel_emit_value(struct tel_emit *, const char *const *label_values, double value);
typedef void tel_read_fn(void *cls, struct tel_emit *emit);
TEL_API TEL_MUST_CHECK int tel_read_family(struct tel_registry *, const struct tel_family_spec *,
                                           enum tel_metric_type type, tel_read_fn *read, void *cls);

/* One metric of a program: a row of a table. Unset members are 0 or NULL. */
struct tel_metric {
  enum tel_metric_type type;
  const char *name, *help, *unit; /* as in struct tel_family_spec */
  const char *labels;             /* names separated by blanks, such as "method route"; or NULL */
  const double *buckets;          /* of a histogram */
  size_t bucket_count;
  /* Where to store the handles (each may be NULL): the family, and the only series of a metric without
   * labels. A failure leaves the handle unchanged: initialize it to NULL, then recording does nothing. */
  struct tel_family **family;
  struct tel_counter **counter;
  struct tel_gauge **gauge;
  struct tel_histogram **histogram;
  /* For a metric that is read at each scrape, as in tel_read_family(). It has no handles. */
  tel_read_fn *read;
  void *cls;
};
/* Registers all rows, even if one fails. Returns 0 (also for NULL), or the first error of a family or series.
 */
TEL_API int tel_registry_add(struct tel_registry *registry, const struct tel_metric *table, size_t count);

TEL_END

#endif
