/* SPDX-License-Identifier: MIT */
#include "http/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/routes.h"
#include "server/refuse.h"

enum { UNMATCHED = HTTP_ROUTE_COUNT, STATUS_MIN = 200, STATUS_MAX = 599 };

/* The series of a row of the route table, or of UNMATCHED. */
struct route_series {
  _Atomic(struct tel_counter *) request[TEL_HTTP_METHODS][STATUS_MAX - STATUS_MIN + 1];
  _Atomic(struct tel_counter *) error[TEL_HTTP_METHODS][HTTP_PROBLEM_COUNT];
  _Atomic(struct tel_histogram *) duration[TEL_HTTP_METHODS];
  tel_http_parts_place parts[TEL_HTTP_METHODS][STATUS_MAX - STATUS_MIN + 1];
};

/* Each series is looked up once and kept, so that a request finds its counters by index. NULL until the first
 * use. */
struct http_metrics {
  struct tel_family *requests, *errors, *durations, *refused;
  struct route_series routes[HTTP_ROUTE_COUNT + 1];
};

static size_t route_index(const struct http_route *route) {
  return route ? (size_t)(route - http_routes) : UNMATCHED;
}

/* Handlers send only final responses, so an interim or unknown status is a bug. */
static size_t status_index(unsigned status) {
  assert(status >= STATUS_MIN && status <= STATUS_MAX);
  return status - STATUS_MIN;
}

static const char *route_label(size_t route) {
  return route == UNMATCHED ? "unmatched" : http_routes[route].path;
}

static struct tel_counter *request_series(struct http_metrics *metrics, size_t method, size_t route,
                                          unsigned status) {
  _Atomic(struct tel_counter *) *kept = &metrics->routes[route].request[method][status_index(status)];
  struct tel_counter *counter = atomic_load_explicit(kept, memory_order_acquire);
  if (counter || !metrics->requests) return counter;
  char text[12];
  snprintf(text, sizeof text, "%u", status);
  const char *values[] = {tel_http_methods[method], route_label(route), text};
  if (tel_counter_series(metrics->requests, values, &counter) != 0) return NULL;
  atomic_store_explicit(kept, counter, memory_order_release);
  return counter;
}

static struct tel_counter *error_series(struct http_metrics *metrics, size_t method, size_t route,
                                        enum http_problem problem) {
  _Atomic(struct tel_counter *) *kept = &metrics->routes[route].error[method][problem];
  struct tel_counter *counter = atomic_load_explicit(kept, memory_order_acquire);
  if (counter || !metrics->errors) return counter;
  const char *values[] = {tel_http_methods[method], route_label(route), http_problem_row(problem)->code};
  if (tel_counter_series(metrics->errors, values, &counter) != 0) return NULL;
  atomic_store_explicit(kept, counter, memory_order_release);
  return counter;
}

static struct tel_histogram *duration_series(struct http_metrics *metrics, size_t method, size_t route) {
  _Atomic(struct tel_histogram *) *kept = &metrics->routes[route].duration[method];
  struct tel_histogram *histogram = atomic_load_explicit(kept, memory_order_acquire);
  if (histogram || !metrics->durations) return histogram;
  const char *values[] = {tel_http_methods[method], route_label(route)};
  if (tel_histogram_series(metrics->durations, values, &histogram) != 0) return NULL;
  atomic_store_explicit(kept, histogram, memory_order_release);
  return histogram;
}

/* Creates the counters of a route and a method that it accepts. */
static bool counters_at_zero(struct http_metrics *metrics, size_t method, size_t route) {
  enum {
    EVERY_ROUTE =
        HTTP_MAY(HTTP_INVALID_REQUEST) | HTTP_MAY(HTTP_PAYLOAD_TOO_LARGE) | HTTP_MAY(HTTP_UNAVAILABLE)
  };
  bool ok = request_series(metrics, method, route, http_routes[route].status);
  for (int i = HTTP_NO_PROBLEM + 1; i < HTTP_PROBLEM_COUNT; i++) {
    enum http_problem problem = (enum http_problem)i;
    if (!((http_routes[route].problems | EVERY_ROUTE) & HTTP_MAY(problem))) continue;
    ok = ok && request_series(metrics, method, route, http_problem_row(problem)->status);
    if (http_problem_row(problem)->error) ok = ok && error_series(metrics, method, route, problem);
  }
  return ok;
}

/* Refusals are rare, so the series is looked up each time. */
static struct tel_counter *refused_series(struct http_metrics *metrics, unsigned status) {
  char text[12];
  const char *value = text;
  struct tel_counter *counter;
  snprintf(text, sizeof text, "%u", status);
  return tel_counter_series(metrics->refused, &value, &counter) == 0 ? counter : NULL;
}

/* Create known series at 0, or rate() misses their first increment. */
static bool expose_at_zero(struct http_metrics *metrics) {
  bool ok = true;
  unsigned status;
  for (size_t i = 0; ok && (status = server_refusal_status(i)); i++) ok = refused_series(metrics, status);
  for (size_t route = 0; route < HTTP_ROUTE_COUNT; route++) {
    if (http_route_is_probe(&http_routes[route])) continue;
    for (size_t method = 0; method < TEL_HTTP_OTHER; method++)
      if (http_route_takes(&http_routes[route], tel_http_methods[method]))
        ok = ok && counters_at_zero(metrics, method, route);
    ok = ok && duration_series(metrics, tel_http_method_index(http_routes[route].method), route);
  }
  return ok;
}

static bool register_families(struct http_metrics *metrics, struct tel_registry *registry,
                              const double *buckets, size_t bucket_count) {
  const struct tel_metric table[] = {
      {.type = TEL_METRIC_COUNTER,
       .name = "request_total",
       .help = "Handled requests, without probes.",
       .labels = "method route status",
       .family = &metrics->requests},
      {.type = TEL_METRIC_COUNTER,
       .name = "error_total",
       .help = "Requests that the shop failed to serve, without clients' mistakes.",
       .labels = "method route reason",
       .family = &metrics->errors},
      {.type = TEL_METRIC_HISTOGRAM,
       .name = "request_duration_seconds",
       .help = "From the request's arrival to its response, without probes.",
       .unit = "seconds",
       .labels = "method route",
       .buckets = buckets,
       .bucket_count = bucket_count,
       .family = &metrics->durations},
      {.type = TEL_METRIC_COUNTER,
       .name = "minishop_refused_total",
       .help = "Requests that were cut off, refused by libmicrohttpd or not read; not in request_total.",
       .labels = "status",
       .family = &metrics->refused},
  };
  return tel_registry_add(registry, table, sizeof table / sizeof *table) == 0 && expose_at_zero(metrics);
}

struct http_metrics *http_metrics_new(struct tel_registry *registry, const double *buckets,
                                      size_t bucket_count) {
  struct http_metrics *metrics = calloc(1, sizeof *metrics);
  if (!metrics) return NULL;
  if (!registry || register_families(metrics, registry, buckets, bucket_count)) return metrics;
  free(metrics);
  return NULL;
}

void http_metrics_free(struct http_metrics *metrics) {
  if (!metrics) return;
  for (size_t route = 0; route <= HTTP_ROUTE_COUNT; route++)
    for (size_t method = 0; method < TEL_HTTP_METHODS; method++)
      for (size_t status = 0; status <= STATUS_MAX - STATUS_MIN; status++)
        tel_http_parts_free(atomic_load(&metrics->routes[route].parts[method][status]));
  free(metrics);
}

const struct tel_http_parts *http_metrics_parts(struct http_metrics *metrics,
                                                const struct http_exchange *exchange) {
  size_t method = exchange->method_index, route = route_index(exchange->route);
  return tel_http_parts_get(&metrics->routes[route].parts[method][status_index(exchange->status)],
                            tel_http_methods[method], exchange->route ? exchange->route->path : NULL,
                            exchange->status);
}

void http_metrics_record(struct http_metrics *metrics, const struct http_exchange *exchange,
                         uint64_t duration_ns) {
  size_t method = exchange->method_index, route = route_index(exchange->route);
  tel_counter_add(request_series(metrics, method, route, exchange->status), 1);
  /* Uses the trace's clock, rounded down to a millisecond: see tel_histogram_observe_at(). */
  uint64_t end_unix_ns = (exchange->start.unix_ns + duration_ns) / CLOCK_NS_PER_MS * CLOCK_NS_PER_MS;
  /* An exemplar must not name a span that is not recorded, even if the caller's trace is sampled. */
  const struct tel_context *exemplar = tel_span_attributes(exchange->span) ? &exchange->context : NULL;
  tel_histogram_observe_at(duration_series(metrics, method, route), (double)duration_ns / 1e9, exemplar,
                           end_unix_ns);
  if (exchange->problem && http_problem_row(exchange->problem)->error)
    tel_counter_add_at(error_series(metrics, method, route, exchange->problem), 1, exemplar, end_unix_ns);
}

void http_metrics_refused(struct http_metrics *metrics, unsigned status) {
  if (metrics->refused) tel_counter_add(refused_series(metrics, status), 1);
}
