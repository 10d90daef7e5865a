/* SPDX-License-Identifier: MIT */
/* Writes both formats with the same code. It branches where the formats differ. */
#include "telemetry/metrics/exposition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digits.h"
#include "base/utf8.h"
#include "telemetry/metrics/metrics_model.h"

enum { COMPARED_SERIES = 4096 }; /* of a read family */

const char *tel_format_content_type(enum tel_format format) {
  return format == TEL_FORMAT_OPENMETRICS ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                          : "text/plain; version=0.0.4; charset=utf-8";
}

/* Appends text with backslash and newline escaped, and quotes if asked. */
static void put_escaped(struct buf *out, const char *text, bool quotes) {
  const char *special = quotes ? "\\\n\"" : "\\\n";
  for (;;) {
    size_t plain = strcspn(text, special);
    buf_append(out, text, plain);
    text += plain;
    if (!*text) return;
    buf_putc(out, '\\');
    buf_putc(out, *text == '\n' ? 'n' : *text);
    text++;
  }
}

/* Writes a bound as Go prints it: the shortest exact digits, with an exponent below 1e-04 and from 1e+06 on.
 * OpenMetrics calls this canonical, with ".0" after whole numbers. A bound is a label value, so another
 * spelling of it would be another series. */
static void put_bound(struct buf *out, double bound, enum tel_format format) {
  char text[40];
  int digits = 0;
  do {
    snprintf(text, sizeof text, "%.*e", digits, bound);
  } while (digits++ < 16 && strtod(text, NULL) != bound);
  digits--; /* after the point */
  int exponent = atoi(strchr(text, 'e') + 1);
  bool fixed = exponent >= -4 && exponent < 6;
  if (fixed) snprintf(text, sizeof text, "%.*f", digits > exponent ? digits - exponent : 0, bound);
  *digits_with_point(text, text) = '\0';
  buf_puts(out, text);
  if (format == TEL_FORMAT_OPENMETRICS && fixed && digits <= exponent) buf_puts(out, ".0");
}

static void begin_metadata(struct buf *out, const char *keyword, const struct tel_family *family,
                           enum tel_format format) {
  buf_puts(out, keyword);
  buf_append(out, family->name, format == TEL_FORMAT_OPENMETRICS ? family->base_len : strlen(family->name));
  buf_putc(out, ' ');
}

static void put_help(struct buf *out, const struct tel_family *family, enum tel_format format) {
  if (!family->help[0]) return;
  begin_metadata(out, "# HELP ", family, format);
  put_escaped(out, family->help, format == TEL_FORMAT_OPENMETRICS);
  buf_putc(out, '\n');
}

/* Writes the lines in the order that each format prefers. */
static void put_metadata(struct buf *out, const struct tel_family *family, enum tel_format format) {
  static const char *const types[] = {[TEL_METRIC_COUNTER] = "counter\n",
                                      [TEL_METRIC_GAUGE] = "gauge\n",
                                      [TEL_METRIC_HISTOGRAM] = "histogram\n"};
  if (format == TEL_FORMAT_TEXT) put_help(out, family, format);
  begin_metadata(out, "# TYPE ", family, format);
  buf_puts(out, types[family->type]);
  if (format == TEL_FORMAT_TEXT) return;
  if (family->unit[0]) {
    begin_metadata(out, "# UNIT ", family, format);
    buf_puts(out, family->unit);
    buf_putc(out, '\n');
  }
  put_help(out, family, format);
}

static void put_label(struct buf *labels, const struct tel_family *family, size_t i, const char *value) {
  if (i > 0) buf_putc(labels, ',');
  buf_puts(labels, family->labels[i]);
  buf_puts(labels, "=\"");
  put_escaped(labels, value, true);
  buf_putc(labels, '"');
}

/* Writes the label pairs of a series, without braces, into the scratch buffer. */
static void render_labels(struct tel_emit *emit, const struct tel_series *series) {
  const char *value = series->values;
  buf_reset(emit->labels);
  for (size_t i = 0; i < emit->family->label_count; i++) {
    put_label(emit->labels, emit->family, i, value);
    value += strlen(value) + 1;
  }
}

/* Writes a line up to its value. le: the bound of a bucket, or NULL. */
static void begin_sample(const struct tel_emit *emit, const char *suffix, const char *le) {
  const struct buf *labels = emit->labels;
  buf_puts(emit->out, emit->family->name);
  buf_puts(emit->out, suffix);
  if (labels->len > 0 || le) {
    buf_putc(emit->out, '{');
    buf_append(emit->out, labels->data, labels->len);
    if (le) {
      buf_puts(emit->out, labels->len > 0 ? ",le=\"" : "le=\"");
      buf_puts(emit->out, le);
      buf_putc(emit->out, '"');
    }
    buf_putc(emit->out, '}');
  }
  buf_putc(emit->out, ' ');
}

/* A scraper may refuse the whole exposition if a series is in it twice. The search is linear, so it is
 * bounded.
 */
static bool is_repeated(const struct tel_emit *emit) {
  const struct buf *labels = emit->labels;
  struct buf *seen = &emit->family->registry->seen;
  if (emit->count >= COMPARED_SERIES) return false;
  uint64_t hash = tel_metrics_hash(labels->data, labels->len);
  for (size_t at = 0; at < seen->len; at += sizeof hash)
    if (memcmp(seen->data + at, &hash, sizeof hash) == 0) return true;
  buf_append(seen, &hash, sizeof hash);
  return false;
}

void tel_emit_value(struct tel_emit *emit, const char *const *label_values, double value) {
  if (!emit) return;
  const struct tel_family *family = emit->family;
  if (family->type == TEL_METRIC_COUNTER && !(value >= 0)) return;
  buf_reset(emit->labels);
  for (size_t i = 0; i < family->label_count; i++) {
    if (!label_values || !label_values[i] || !utf8_valid(label_values[i], strlen(label_values[i]))) return;
    put_label(emit->labels, family, i, label_values[i]);
  }
  if (is_repeated(emit)) return;
  begin_sample(emit, "", NULL);
  buf_put_double(emit->out, value);
  buf_putc(emit->out, '\n');
  emit->count++;
}

static void put_exemplar(const struct tel_emit *emit, const struct tel_exemplar_slot *slot) {
  struct buf *out = emit->out;
  struct tel_exemplar exemplar;
  if (emit->format != TEL_FORMAT_OPENMETRICS || !tel_exemplar_read(slot, &exemplar)) return;
  /* 63 characters of names and values: well below the allowed 128. */
  buf_puts(out, " # {trace_id=\"");
  buf_put_hex(out, exemplar.context.trace_id, sizeof exemplar.context.trace_id);
  buf_puts(out, "\",span_id=\"");
  buf_put_hex(out, exemplar.context.span_id, sizeof exemplar.context.span_id);
  buf_puts(out, "\"} ");
  buf_put_double(out, exemplar.value);
  char time[32]; /* without an exponent, because %g would lose digits */
  snprintf(time, sizeof time, " %llu.%03llu", (unsigned long long)(exemplar.unix_ns / CLOCK_NS_PER_S),
           (unsigned long long)(exemplar.unix_ns / CLOCK_NS_PER_MS % 1000));
  buf_puts(out, time);
}

/* _count is computed from the buckets, so it cannot differ from the +Inf bucket. bounds: the texts of le,
 * each with its NUL. */
static void put_histogram(const struct tel_emit *emit, const struct tel_histogram *histogram,
                          const char *bounds) {
  uint64_t counts[TEL_MAX_BUCKETS + 1], total = 0;
  double sum;
  tel_histogram_read(histogram, counts, &sum);
  for (size_t i = 0; i <= histogram->bound_count; i++) {
    total += counts[i];
    begin_sample(emit, "_bucket", bounds);
    bounds += strlen(bounds) + 1;
    buf_put_u64(emit->out, total);
    put_exemplar(emit, &histogram->exemplars[i]);
    buf_putc(emit->out, '\n');
  }
  begin_sample(emit, "_sum", NULL);
  buf_put_double(emit->out, sum);
  buf_putc(emit->out, '\n');
  begin_sample(emit, "_count", NULL);
  buf_put_u64(emit->out, total);
  buf_putc(emit->out, '\n');
}

static void put_counter(const struct tel_emit *emit, const struct tel_counter *counter) {
  begin_sample(emit, "", NULL);
  buf_put_u64(emit->out, tel_counter_value(counter));
  put_exemplar(emit, &counter->exemplar);
}

static void put_series(struct tel_emit *emit, const struct tel_series *series, const char *bounds) {
  render_labels(emit, series);
  emit->count++;
  switch (emit->family->type) {
  case TEL_METRIC_COUNTER:
    put_counter(emit, series->instrument);
    break;
  case TEL_METRIC_GAUGE:
    begin_sample(emit, "", NULL);
    buf_put_double(emit->out, tel_gauge_value(series->instrument));
    break;
  case TEL_METRIC_HISTOGRAM:
    put_histogram(emit, series->instrument, bounds);
    return;
  }
  buf_putc(emit->out, '\n');
}

/* Writes the texts of all bounds once for the family. Fails the exposition's buffer when out of memory. */
static const char *render_bounds(const struct tel_emit *emit, struct buf *bounds) {
  const struct tel_family *family = emit->family;
  if (family->type != TEL_METRIC_HISTOGRAM) return NULL;
  for (size_t i = 0; i < family->bound_count; i++) {
    put_bound(bounds, family->bounds[i], emit->format);
    buf_putc(bounds, '\0');
  }
  buf_puts(bounds, "+Inf");
  const char *texts = buf_cstr(bounds);
  if (!texts) emit->out->failed = true;
  return texts;
}

static void put_family(struct tel_emit *emit) {
  const struct tel_family *family = emit->family;
  struct buf bounds = BUF_INIT(SIZE_MAX);
  const char *bound_texts = render_bounds(emit, &bounds);
  size_t start = emit->out->len;
  emit->count = 0;
  buf_reset(&family->registry->seen);
  if (buf_failed(emit->out)) goto out;
  put_metadata(emit->out, family, emit->format);
  if (family->read) family->read(family->cls, emit);
  for (size_t i = 0; i < family->series_count; i++) put_series(emit, &family->series[i], bound_texts);
  if (buf_failed(emit->labels) || buf_failed(&family->registry->seen)) emit->out->failed = true;
  if (emit->count == 0) emit->out->len = start; /* without series, omit the metadata too */
out:
  buf_free(&bounds);
}

/* Reserves the size of the last exposition, because growing step by step would copy it several times. */
static void reserve(const struct tel_registry *registry, enum tel_format format, struct buf *out) {
  size_t wanted = registry->last_size[format] + registry->last_size[format] / 8;
  if (out->len <= out->limit && wanted > 0 && wanted <= out->limit - out->len) buf_reserve(out, wanted);
}

int tel_exposition_write(struct tel_registry *registry, enum tel_format format, struct buf *out) {
  uint64_t start = clock_mono_ns();
  struct buf labels = BUF_INIT(SIZE_MAX);
  size_t before = out->len;
  if (!tel_registry_lock(registry)) return TEL_E_VALUE;
  registry->scrapes++;
  reserve(registry, format, out);
  for (size_t i = 0; i < registry->family_count; i++) {
    struct tel_emit emit = {.family = registry->families[i], .format = format, .out = out, .labels = &labels};
    put_family(&emit);
  }
  if (!buf_failed(out)) registry->last_size[format] = out->len - before;
  pthread_mutex_unlock(&registry->lock);
  if (format == TEL_FORMAT_OPENMETRICS) buf_puts(out, "# EOF\n");
  buf_free(&labels);
  tel_histogram_observe(registry->scrape_duration, (double)(clock_mono_ns() - start) / (double)CLOCK_NS_PER_S,
                        NULL);
  return buf_failed(out) ? TEL_E_MEMORY : TEL_OK;
}
