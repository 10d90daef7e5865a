/* SPDX-License-Identifier: MIT */
/* Counters, gauges and histograms: families with labels, and their series.
 * Recording (add, set, observe) allocates nothing, makes no system call and takes no lock: a scrape never
 * holds up a request. Counters and histograms are split over several cache lines, so that threads seldom
 * meet; a gauge is one line. Making families and series takes the registry's lock: do it at start, or look a
 * series up once and keep the handle. Handles live as long as the registry; all functions may be called from
 * any thread, except free. Rules: Prometheus data model and client library guidelines, OpenMetrics 1.0. */
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
  size_t max_series;   /* a family; 0: 1000 */
};

/* What a family is. All is copied. Names are letters, digits and _, and begin with a letter: the colon and
 * the leading _ of the data model are reserved for others. */
struct tel_family_spec {
  const char *name;          /* as in the text format: a counter's ends in _total, and no other's does */
  const char *help;          /* UTF-8, or NULL */
  const char *unit;          /* OpenMetrics UNIT, the name's last word before _total; or NULL */
  const char *const *labels; /* label_count names, no two the same; "le" is not for histograms */
  size_t label_count;        /* at most 8 */
  const double *buckets;     /* histograms: upper bounds, ascending, finite, not negative; +Inf is added */
  size_t bucket_count;       /* at most 64 */
};

/* NULL settings: the defaults. NULL when out of memory. Registers
 * telemetry_metric_series_dropped_total{family}, which counts the refused, and
 * telemetry_scrape_duration_seconds; these two are not counted against max_families. */
TEL_API struct tel_registry *tel_registry_new(const struct tel_registry_settings *settings);
/* Frees all families and series: nobody may record any more. Takes NULL. */
TEL_API void tel_registry_free(struct tel_registry *registry);

/* A new family. TEL_E_NAME (bad name, label name or unit; or a name that is taken, also by what another
 * family makes of its own: foo_count by a histogram foo, foo by a counter foo_total), TEL_E_FULL, TEL_E_VALUE
 * (buckets, too many labels, help not UTF-8), TEL_E_MEMORY; out is then untouched. A family without labels
 * gets its only series at once, so that it is exposed at 0. */
TEL_API TEL_MUST_CHECK int tel_counter_family(struct tel_registry *, const struct tel_family_spec *,
                                              struct tel_family **out);
TEL_API TEL_MUST_CHECK int tel_gauge_family(struct tel_registry *, const struct tel_family_spec *,
                                            struct tel_family **out);
TEL_API TEL_MUST_CHECK int tel_histogram_family(struct tel_registry *, const struct tel_family_spec *,
                                                struct tel_family **out);

/* The series of these label values (label_count of them, in the family's order, copied), made if it is new
 * and exposed from then on, at 0. TEL_E_LABELS (a NULL among them, or not UTF-8), TEL_E_FULL (counted as
 * dropped), TEL_E_MEMORY, TEL_E_VALUE (other type, or a NULL family: one that could not be made); out is then
 * untouched. */
TEL_API TEL_MUST_CHECK int tel_counter_series(struct tel_family *, const char *const *values,
                                              struct tel_counter **out);
TEL_API TEL_MUST_CHECK int tel_gauge_series(struct tel_family *, const char *const *values,
                                            struct tel_gauge **out);
TEL_API TEL_MUST_CHECK int tel_histogram_series(struct tel_family *, const char *const *values,
                                                struct tel_histogram **out);

/* All take NULL and do nothing: what could not be registered is simply not recorded. */
TEL_API void tel_counter_add(struct tel_counter *, uint64_t n);
/* Adds n and keeps an exemplar, as tel_histogram_observe_at() does. Its value is n. */
TEL_API void tel_counter_add_at(struct tel_counter *, uint64_t n, const struct tel_context *exemplar,
                                uint64_t unix_ns);
TEL_API void tel_gauge_set(struct tel_gauge *, double value);
TEL_API void tel_gauge_add(struct tel_gauge *, double delta);
/* A value that is negative, NaN or infinite is no measurement and is ignored: the sum must never fall.
 * exemplar: the span that this value was measured in, or NULL. Kept if it is sampled (exemplar filter
 * "trace_based"): the newest one a bucket, with its value and the time; but of those within the same few
 * milliseconds the first, so that busy threads do not fight over it. */
TEL_API void tel_histogram_observe(struct tel_histogram *, double value, const struct tel_context *exemplar);

/* The same, where the caller knows the time: an exemplar belongs to the clock of its trace. Of equal times
 * the first is kept: round them down to a millisecond, or busy threads fight over the exemplar. */
TEL_API void tel_histogram_observe_at(struct tel_histogram *, double value,
                                      const struct tel_context *exemplar, uint64_t unix_ns);

/* The value of a counter or gauge, for tests and for telemetry about telemetry. */
TEL_API uint64_t tel_counter_value(const struct tel_counter *);
TEL_API double tel_gauge_value(const struct tel_gauge *);

/* A family that is read when it is scraped: read calls tel_emit_value() once for each of its series, with
 * label_count values that differ from series to series; with none the family is absent. It runs on the
 * scraping thread, under the registry's lock: it must be quick, must not call this registry (recording is
 * allowed), and may block nobody. A sample that cannot be exposed (a label that is NULL or not UTF-8, a
 * counter that is negative or NaN) is left out. type: TEL_METRIC_COUNTER or TEL_METRIC_GAUGE, else
 * TEL_E_VALUE. Errors as of a family. */
enum tel_metric_type { TEL_METRIC_COUNTER, TEL_METRIC_GAUGE, TEL_METRIC_HISTOGRAM };
struct tel_emit;
TEL_API void tel_emit_value(struct tel_emit *, const char *const *label_values, double value);
typedef void tel_read_fn(void *cls, struct tel_emit *emit);
TEL_API TEL_MUST_CHECK int tel_read_family(struct tel_registry *, const struct tel_family_spec *,
                                           enum tel_metric_type type, tel_read_fn *read, void *cls);

/* One metric of a program: a row of a table. What is not set is 0 or NULL. */
struct tel_metric {
  enum tel_metric_type type;
  const char *name, *help, *unit; /* as of struct tel_family_spec */
  const char *labels;             /* names with a blank between, such as "method route"; or NULL */
  const double *buckets;          /* of a histogram */
  size_t bucket_count;
  /* Where the handles go, each may be NULL: the family, and the only series of a metric without labels. A
   * handle that cannot be had stays as it is; make it NULL before, then recording does nothing. */
  struct tel_family **family;
  struct tel_counter **counter;
  struct tel_gauge **gauge;
  struct tel_histogram **histogram;
  /* Of a metric that is read when it is scraped, as tel_read_family(): it has no handles. */
  tel_read_fn *read;
  void *cls;
};
/* Registers all rows; one that fails does not keep the others away. Returns the first error, as of a family
 * or a series. 0 for NULL. */
TEL_API int tel_registry_add(struct tel_registry *registry, const struct tel_metric *table, size_t count);

TEL_END

#endif
