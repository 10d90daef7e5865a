/* SPDX-License-Identifier: MIT */
#include "telemetry/metrics/sample_registry.h"

#include <math.h>

#include "telemetry/metrics/metrics_model.h"

#define VALUES(...) ((const char *const[]){__VA_ARGS__})
#define LABELS(...) .labels = VALUES(__VA_ARGS__), .label_count = sizeof VALUES(__VA_ARGS__) / sizeof(char *)
#define BUCKETS(...)                                                                                         \
  .buckets = (const double[]){__VA_ARGS__}, .bucket_count = sizeof((double[]){__VA_ARGS__}) / sizeof(double)

static int add_counters(struct tel_registry *registry) {
  struct tel_family *family;
  struct tel_counter *counter;
  int error = tel_counter_family(registry,
                                 &(struct tel_family_spec){.name = "request_total",
                                                           .help = "Requests by method, route and status.",
                                                           LABELS("method", "route", "status")},
                                 &family);
  if (!error) error = tel_counter_series(family, VALUES("POST", "/order", "201"), &counter);
  if (!error) tel_counter_add(counter, 3);
  if (!error) error = tel_counter_series(family, VALUES("POST", "/order", "409"), &counter);
  if (!error) error = tel_counter_series(family, VALUES("GET", "unmatched", "404"), &counter);
  if (!error) tel_counter_add(counter, UINT64_MAX); /* exact, although no double can hold it */
  if (!error)
    error = tel_counter_family(registry,
                               &(struct tel_family_spec){.name = "paid_euros_total",
                                                         .help = "A unit,\na \"quote\" and a \\ backslash.",
                                                         .unit = "euros"},
                               &family);
  if (!error) error = tel_counter_series(family, NULL, &counter);
  if (!error) tel_counter_add(counter, 12);
  return error;
}

static int add_gauges(struct tel_registry *registry) {
  static const struct {
    const char *name;
    double value;
  } values[] = {{"fraction", 0.1 + 0.2}, {"negative", -0.5},  {"huge", 1e300}, {"whole", 1e15}, {"nan", NAN},
                {"inf", INFINITY},       {"-inf", -INFINITY}, {"zero", 0}};
  struct tel_family *family;
  struct tel_gauge *gauge;
  int error = tel_gauge_family(
      registry,
      &(struct tel_family_spec){.name = "sample_values", .help = "Numbers of all kinds.", LABELS("kind")},
      &family);
  for (size_t i = 0; i < sizeof values / sizeof *values && !error; i++) {
    error = tel_gauge_series(family, VALUES(values[i].name), &gauge);
    if (!error) tel_gauge_set(gauge, values[i].value);
  }
  if (!error)
    error = tel_gauge_family(registry,
                             &(struct tel_family_spec){.name = "minishop_build_info",
                                                       .help = "Labels to escape.",
                                                       LABELS("version", "path", "text")},
                             &family);
  if (!error)
    error = tel_gauge_series(family, VALUES("", "C:\\dir\n", "\"caf\xC3\xA9\" \xF0\x9F\x98\x80"), &gauge);
  if (!error) tel_gauge_set(gauge, 1);
  if (!error) /* labels, but no series: nothing is exposed */
    error = tel_gauge_family(
        registry, &(struct tel_family_spec){.name = "absent_things", .help = "None.", LABELS("a")}, &family);
  return error;
}

static int add_histograms(struct tel_registry *registry) {
  static const struct tel_context sampled = {
      {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36},
      {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7},
      TEL_FLAG_SAMPLED,
      false};
  struct tel_context unsampled = sampled;
  unsampled.flags = 0;
  struct tel_family *family;
  struct tel_histogram *h;
  int error = tel_histogram_family(
      registry,
      &(struct tel_family_spec){
          .name = "request_duration_seconds",
          .help = "Time from the first byte of a request to the last of its answer.",
          .unit = "seconds",
          LABELS("method", "route"),
          BUCKETS(0, 0.00001, 0.0001, 0.001, 0.0025, 0.05, 1, 2.5, 10, 100000, 1e6, 1234567)},
      &family);
  if (!error) error = tel_histogram_series(family, VALUES("POST", "/order"), &h);
  if (!error) {
    tel_histogram_observe_at(h, 0.0025, &sampled, UINT64_C(1700000000007654321)); /* on the bound: below it */
    tel_histogram_observe_at(h, 0.003, &unsampled, UINT64_C(1700000001000000000));
    tel_histogram_observe_at(h, 0.75, NULL, UINT64_C(1700000002000000000));
    tel_histogram_observe_at(h, 0.5, &sampled, UINT64_C(1700000003500000000));
    tel_histogram_observe_at(h, 2000000, &sampled, UINT64_C(1700000004000000000));
  }
  if (!error) error = tel_histogram_series(family, VALUES("POST", "/payment/pay"), &h);
  if (!error)
    error = tel_histogram_family(
        registry, &(struct tel_family_spec){.name = "answer_bytes", .help = "Only +Inf.", .unit = "bytes"},
        &family);
  if (!error) error = tel_histogram_series(family, NULL, &h);
  if (!error) tel_histogram_observe(h, 512, NULL);
  return error;
}

static void read_stock(void *cls, struct tel_emit *emit) {
  (void)cls;
  tel_emit_value(emit, VALUES("mug"), 17);
  tel_emit_value(emit, VALUES("\xFF"), 1); /* not UTF-8: omitted */
  tel_emit_value(emit, VALUES("tee"), 0.25);
}

static void read_ticks(void *cls, struct tel_emit *emit) {
  (void)cls;
  tel_emit_value(emit, NULL, NAN); /* invalid for a counter: omitted */
  tel_emit_value(emit, NULL, 4.75);
}

static int add_read(struct tel_registry *registry) {
  int error = tel_read_family(
      registry, &(struct tel_family_spec){.name = "minishop_stock", .help = "Read.", LABELS("sku")},
      TEL_METRIC_GAUGE, read_stock, NULL);
  if (!error)
    error = tel_read_family(registry, &(struct tel_family_spec){.name = "ticks_total", .help = "Read."},
                            TEL_METRIC_COUNTER, read_ticks, NULL);
  return error;
}

struct tel_registry *sample_registry_new(void) {
  struct tel_registry *registry = tel_registry_new(NULL);
  if (!registry) return NULL;
  if (!add_counters(registry) && !add_gauges(registry) && !add_histograms(registry) && !add_read(registry))
    return registry;
  tel_registry_free(registry);
  return NULL;
}
