/* SPDX-License-Identifier: MIT */
#include "config.h" /* first: GNU extensions */

#include "telemetry/http/instruments.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/utf8.h"
#include "telemetry/core/telemetry_private.h"

enum { STATUS_MAX = 999, CUT };

static const double buckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1,
                                 0.25,  0.5,    0.75,  1,    2.5,   5,    7.5,   10};

/* The series of one route and one method: a request finds its counter by the status. */
struct series {
  struct tel_histogram *duration; /* NULL: the family is full */
  _Atomic(struct tel_counter *) requests[STATUS_MAX + 1];
  _Atomic(struct tel_counter *) errors[CUT + 1];
  tel_http_parts_place parts[STATUS_MAX + 1];
};

struct tel_http_route {
  struct tel_http_route *next;
  char *label;
  char *span_names[TEL_HTTP_METHODS];
  _Atomic(struct series *) by_method[TEL_HTTP_METHODS];
};

struct tel_http {
  struct tel_family *requests, *errors, *durations;
  struct tel_http_route *routes; /* under tel->lock */
  struct tel_http_route unmatched;
};

/* The methods of requests are case-sensitive, but frameworks such as Ulfius accept a route for "get". */
static size_t method_of_route(const char *method) {
  size_t i = 0;
  while (i < TEL_HTTP_OTHER && !text_same(tel_http_methods[i], method)) i++;
  return i;
}

const char *tel_http_span_name(const struct tel_http_route *route, const char *method) {
  size_t index = tel_http_method_index(method);
  if (route) return route->span_names[index];
  return index == TEL_HTTP_OTHER ? "HTTP" : tel_http_methods[index];
}

static void free_series(struct series *series) {
  for (size_t i = 0; series && i <= STATUS_MAX; i++) tel_http_parts_free(atomic_load(&series->parts[i]));
  free(series);
}

static void free_route(struct tel_http_route *route) {
  for (size_t i = 0; i < TEL_HTTP_METHODS; i++) {
    free(route->span_names[i]);
    free_series(atomic_load(&route->by_method[i]));
  }
  free(route->label);
}

static void free_http(void *cls) {
  struct tel_http *http = cls;
  for (struct tel_http_route *route; (route = http->routes);) {
    http->routes = route->next;
    free_route(route);
    free(route);
  }
  free_route(&http->unmatched);
  free(http);
}

static int fill_route(struct tel_http_route *route, const char *label) {
  route->label = strdup(label);
  for (size_t i = 0; i < TEL_HTTP_METHODS; i++)
    if (asprintf(&route->span_names[i], "%s %s", tel_http_span_name(NULL, tel_http_methods[i]), label) < 0) {
      route->span_names[i] = NULL;
      return TEL_E_MEMORY;
    }
  return route->label ? 0 : TEL_E_MEMORY;
}

static int make_families(struct tel *tel, struct tel_http *http) {
  const struct tel_metric table[] = {
      {.type = TEL_METRIC_COUNTER,
       .name = "request_total",
       .help = "Handled requests.",
       .labels = "method route status",
       .family = &http->requests},
      {.type = TEL_METRIC_COUNTER,
       .name = "error_total",
       .help = "Requests that the server failed to serve (status 5xx, no response, or cut by the server).",
       .labels = "method route reason",
       .family = &http->errors},
      {.type = TEL_METRIC_HISTOGRAM,
       .name = "request_duration_seconds",
       .help = "From a request's arrival to its response.",
       .unit = "seconds",
       .labels = "method route",
       .buckets = buckets,
       .bucket_count = sizeof buckets / sizeof *buckets,
       .family = &http->durations},
  };
  return tel_registry_add(tel->registry, table, sizeof table / sizeof *table);
}

/* Makes the families once; tel->lock is held. */
static struct tel_http *http_of(struct tel *tel, int *error) {
  struct tel_http *http = atomic_load(&tel->http);
  if (http) return http;
  *error = TEL_E_MEMORY;
  http = calloc(1, sizeof *http);
  if (!http) return NULL;
  if ((*error = fill_route(&http->unmatched, "unmatched")) == 0 && (*error = make_families(tel, http)) == 0 &&
      (*error = tel_own_locked(tel, free_http, http)) == 0) {
    atomic_store(&tel->http, http);
    return http;
  }
  free_http(http);
  return NULL;
}

static struct series *series_of(struct tel_http *http, struct tel_http_route *route, size_t method) {
  struct series *series = atomic_load_explicit(&route->by_method[method], memory_order_acquire), *none = NULL;
  if (series) return series;
  series = calloc(1, sizeof *series);
  const char *values[] = {tel_http_methods[method], route->label};
  if (!series || tel_histogram_series(http->durations, values, &series->duration) == TEL_E_MEMORY) {
    free(series);
    return NULL;
  }
  if (atomic_compare_exchange_strong(&route->by_method[method], &none, series)) return series;
  free(series); /* another thread was quicker, with the same histogram */
  return none;
}

static struct tel_counter *counter_of(struct tel_family *family, _Atomic(struct tel_counter *) *place,
                                      const char *method, const char *route, const char *word) {
  struct tel_counter *counter = atomic_load_explicit(place, memory_order_acquire);
  const char *values[] = {method, route, word};
  if (counter || tel_counter_series(family, values, &counter) != 0) return counter;
  atomic_store_explicit(place, counter, memory_order_release);
  return counter;
}

/* Adds n to the counter of the status and, if the server failed, to the counter of errors. */
static void count(struct tel_http *http, struct tel_http_route *route, size_t method,
                  const struct tel_http_result *result, uint64_t n) {
  char word[12];
  const char *name = tel_http_methods[method];
  struct series *series = series_of(http, route, method);
  if (!series) return;
  unsigned status = result->status > STATUS_MAX ? 0 : result->status, reason = result->cut ? CUT : status;
  snprintf(word, sizeof word, "%u", status);
  tel_counter_add(counter_of(http->requests, &series->requests[status], name, route->label, word), n);
  if (result->failed)
    tel_counter_add(
        counter_of(http->errors, &series->errors[reason], name, route->label, result->cut ? "cut" : word), n);
}

struct tel_http_route *tel_http_route(struct tel *tel, const char *method, const char *template) {
  if (!tel || !template || !tel->registry || tel_foreign(tel)) return NULL;
  struct tel_http_route *route = NULL;
  char *label =
      utf8_repaired(template, strlen(template)); /* the registry rejects label values that are not UTF-8 */
  int error = label ? 0 : TEL_E_MEMORY;
  pthread_mutex_lock(&tel->lock);
  struct tel_http *http = label ? http_of(tel, &error) : NULL;
  for (route = http ? http->routes : NULL; route && strcmp(route->label, label) != 0;) route = route->next;
  if (http && !route) {
    route = calloc(1, sizeof *route);
    error = route ? fill_route(route, label) : TEL_E_MEMORY;
    if (error) {
      if (route) free_route(route);
      free(route);
      route = NULL;
    } else {
      route->next = http->routes;
      http->routes = route;
    }
  }
  pthread_mutex_unlock(&tel->lock);
  free(label);
  tel_fail(tel, error, "cannot make the metrics of a route");
  /* A counter must exist at 0 before its first increment, or rate() misses that increment. */
  if (route && method && strcmp(method, "*") != 0) {
    size_t index = method_of_route(method);
    count(http, route, index, &(struct tel_http_result){.status = 200}, 0);
    count(http, route, index, &(struct tel_http_result){.status = 500, .failed = true}, 0);
  }
  return route;
}

const struct tel_http_parts *tel_http_record(struct tel *tel, const struct tel_http_route *route,
                                             const char *method, const struct tel_http_result *result,
                                             const struct tel_context *context) {
  struct tel_http *http = atomic_load_explicit(&tel->http, memory_order_acquire);
  if (!tel->registry || tel_foreign(tel))
    return NULL; /* tel_new() has failed, or the locks belong to another process */
  if (!http) {
    int error = 0;
    pthread_mutex_lock(&tel->lock);
    http = http_of(tel, &error);
    pthread_mutex_unlock(&tel->lock);
    if (!http) return NULL;
  }
  /* The library owns the routes. They are constant only for callers. */
  struct tel_http_route *own = route ? (struct tel_http_route *)(uintptr_t)route : &http->unmatched;
  size_t index = tel_http_method_index(method);
  count(http, own, index, result, 1);
  struct series *series = series_of(http, own, index);
  if (!series) return NULL;
  /* Rounds the time down to a millisecond: see tel_histogram_observe_at(). */
  tel_histogram_observe_at(series->duration, (double)result->duration_ns / 1e9, context,
                           result->end_unix_ns - result->end_unix_ns % CLOCK_NS_PER_MS);
  unsigned status = result->status > STATUS_MAX ? 0 : result->status;
  return tel_http_parts_get(&series->parts[status], tel_http_methods[index], route ? route->label : NULL,
                            status);
}
