#include "http/metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/routes.h"

static const char *const methods[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                      "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER"};
static const unsigned statuses[] = {200, 201, 204, 400, 402, 404, 405, 409,
                                    413, 414, 415, 431, 500, 502, 503, 504};
enum {
  METHODS = sizeof methods / sizeof *methods,
  METHOD_POST = 2,
  METHOD_OTHER = METHODS - 1,
  ROUTES = HTTP_SHOP_ROUTES + 1, /* and "unmatched" */
  STATUSES = sizeof statuses / sizeof *statuses,
};

/* Series are looked up once and kept: a request finds its counters by index. NULL until the first use. */
struct http_metrics {
  struct tel_family *requests, *errors, *durations, *refused;
  _Atomic(struct tel_counter *) request[METHODS][ROUTES][STATUSES];
  _Atomic(struct tel_counter *) error[ROUTES]
                                     [HTTP_PROBLEM_COUNT]; /* always POST: only that reaches the shop */
  _Atomic(struct tel_histogram *) duration[METHODS][ROUTES];
};

static size_t method_index(const char *method) {
  for (size_t i = 0; i < METHOD_OTHER; i++)
    if (strcmp(methods[i], method) == 0) return i;
  return METHOD_OTHER;
}

static size_t route_index(const struct http_route *route) {
  return route ? (size_t)(route - http_routes) : HTTP_SHOP_ROUTES;
}

static const char *route_label(size_t index) {
  return index < HTTP_SHOP_ROUTES ? http_routes[index].path : "unmatched";
}

static size_t status_index(unsigned status) {
  for (size_t i = 0; i < STATUSES; i++)
    if (statuses[i] == status) return i;
  return status_index(500); /* what has no row is our own mistake */
}

static struct tel_counter *request_series(struct http_metrics *metrics, size_t method, size_t route,
                                          size_t status) {
  struct tel_counter *counter =
      atomic_load_explicit(&metrics->request[method][route][status], memory_order_acquire);
  if (counter || !metrics->requests) return counter;
  char text[12];
  snprintf(text, sizeof text, "%u", statuses[status]);
  const char *values[] = {methods[method], route_label(route), text};
  if (tel_counter_series(metrics->requests, values, &counter) != 0) return NULL;
  atomic_store_explicit(&metrics->request[method][route][status], counter, memory_order_release);
  return counter;
}

static struct tel_counter *error_series(struct http_metrics *metrics, size_t route,
                                        enum http_problem problem) {
  struct tel_counter *counter = atomic_load_explicit(&metrics->error[route][problem], memory_order_acquire);
  if (counter || !metrics->errors) return counter;
  const char *values[] = {methods[METHOD_POST], route_label(route), http_problem_row(problem)->code};
  if (tel_counter_series(metrics->errors, values, &counter) != 0) return NULL;
  atomic_store_explicit(&metrics->error[route][problem], counter, memory_order_release);
  return counter;
}

static struct tel_histogram *duration_series(struct http_metrics *metrics, size_t method, size_t route) {
  struct tel_histogram *histogram =
      atomic_load_explicit(&metrics->duration[method][route], memory_order_acquire);
  if (histogram || !metrics->durations) return histogram;
  const char *values[] = {methods[method], route_label(route)};
  if (tel_histogram_series(metrics->durations, values, &histogram) != 0) return NULL;
  atomic_store_explicit(&metrics->duration[method][route], histogram, memory_order_release);
  return histogram;
}

/* Which problems a route can end in; the others never become series at 0. */
static bool belongs(size_t route, enum http_problem problem) {
  bool order = strcmp(http_routes[route].path, "/order") == 0;
  switch (problem) {
  case HTTP_UNKNOWN_SKU:
  case HTTP_OUT_OF_STOCK:
    return order;
  case HTTP_UNKNOWN_ORDER:
  case HTTP_ALREADY_PAID:
  case HTTP_CARD_DECLINED:
  case HTTP_INSUFFICIENT_FUNDS:
  case HTTP_FRAUD_SUSPECTED:
  case HTTP_GATEWAY_ERROR:
  case HTTP_GATEWAY_TIMEOUT:
    return !order;
  case HTTP_NOT_FOUND:
  case HTTP_METHOD_NOT_ALLOWED:
  case HTTP_HEADER_TOO_LARGE:
  case HTTP_TARGET_TOO_LONG:
  case HTTP_VERSION_NOT_SUPPORTED:
    return false;
  default:
    return true;
  }
}

/* What rate() shall see the first of must be there, at 0, before it happens. */
static bool expose_at_zero(struct http_metrics *metrics) {
  /* What libmicrohttpd answers by itself, 408 for what was cut because it took too long, 0 for no answer at
   * all. */
  static const char *const refusals[] = {"0", "400", "408", "413", "414", "431", "500", "503", "505"};
  bool ok = true;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    struct tel_counter *counter;
    ok = ok && tel_counter_series(metrics->refused, &refusals[i], &counter) == 0;
  }
  for (size_t route = 0; route < HTTP_SHOP_ROUTES; route++) {
    unsigned done = strcmp(http_routes[route].path, "/order") == 0 ? 201 : 200;
    ok = ok && request_series(metrics, METHOD_POST, route, status_index(done));
    ok = ok && duration_series(metrics, METHOD_POST, route);
    for (int problem = HTTP_NO_PROBLEM + 1; problem < HTTP_PROBLEM_COUNT; problem++) {
      const struct http_problem_row *row = http_problem_row((enum http_problem)problem);
      if (!belongs(route, (enum http_problem)problem)) continue;
      ok = ok && request_series(metrics, METHOD_POST, route, status_index(row->status));
      if (row->error) ok = ok && error_series(metrics, route, (enum http_problem)problem);
    }
  }
  return ok;
}

static bool register_families(struct http_metrics *metrics, struct tel_registry *registry,
                              const double *buckets, size_t bucket_count) {
  static const char *const request_labels[] = {"method", "route", "status"};
  static const char *const error_labels[] = {"method", "route", "reason"};
  static const char *const refused_labels[] = {"status"};
  const struct tel_family_spec requests = {.name = "request_total",
                                           .help = "Requests answered, without probes.",
                                           .labels = request_labels,
                                           .label_count = 3};
  const struct tel_family_spec errors = {
      .name = "error_total",
      .help = "Requests that the shop failed to serve; clients' mistakes are not "
              "among them.",
      .labels = error_labels,
      .label_count = 3};
  const struct tel_family_spec durations = {.name = "request_duration_seconds",
                                            .help =
                                                "From the request's arrival to its answer, without probes.",
                                            .unit = "seconds",
                                            .labels = request_labels, /* the first two */
                                            .label_count = 2,
                                            .buckets = buckets,
                                            .bucket_count = bucket_count};
  const struct tel_family_spec refused = {
      .name = "minishop_refused_total",
      .help = "Requests that never became one: refused by the HTTP library or cut "
              "off; status 0: without an answer.",
      .labels = refused_labels,
      .label_count = 1};
  return tel_counter_family(registry, &requests, &metrics->requests) == 0 &&
         tel_counter_family(registry, &errors, &metrics->errors) == 0 &&
         tel_histogram_family(registry, &durations, &metrics->durations) == 0 &&
         tel_counter_family(registry, &refused, &metrics->refused) == 0 && expose_at_zero(metrics);
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
  free(metrics);
}

const char *http_metrics_method(const char *method) {
  return methods[method_index(method)];
}

void http_metrics_record(struct http_metrics *metrics, const struct http_exchange *exchange,
                         uint64_t duration_ns) {
  size_t method = method_index(exchange->method);
  size_t route = route_index(exchange->route);
  tel_counter_add(request_series(metrics, method, route, status_index(exchange->status)), 1);
  tel_histogram_observe(duration_series(metrics, method, route), (double)duration_ns / 1e9,
                        &exchange->context);
  if (exchange->problem && http_problem_row(exchange->problem)->error && method == METHOD_POST)
    tel_counter_add(error_series(metrics, route, exchange->problem), 1);
}

void http_metrics_refused(struct http_metrics *metrics, unsigned status) {
  char text[12];
  const char *value = text;
  struct tel_counter *counter;
  if (!metrics->refused) return;
  /* At most a handful of statuses, and rare: looking the series up each time is quick enough. */
  snprintf(text, sizeof text, "%u", status);
  if (tel_counter_series(metrics->refused, &value, &counter) == 0) tel_counter_add(counter, 1);
}
