/* SPDX-License-Identifier: MIT */
/* The metrics of requests: request_total, error_total, request_duration_seconds, minishop_refused_total. Any
 * thread may record. Recording allocates only for the first request of a series. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "http/exchange.h"
#include "tel/metrics.h"
#include "telemetry/http/describe.h"

struct http_metrics;

/* Registers the families; known series exist at 0 from the start. registry NULL: records nothing. buckets: of
 * the duration, in seconds. NULL when a registration failed. */
struct http_metrics *http_metrics_new(struct tel_registry *registry, const double *buckets,
                                      size_t bucket_count);
void http_metrics_free(struct http_metrics *metrics);

/* The attributes that all requests with this method, route and status share. NULL when out of memory. */
const struct tel_http_parts *http_metrics_parts(struct http_metrics *metrics,
                                                const struct http_exchange *exchange);
/* Counts a handled request of a shop route or an unmatched path. */
void http_metrics_record(struct http_metrics *metrics, const struct http_exchange *exchange,
                         uint64_t duration_ns);
/* Counts a refused or cut request that http_metrics_record() does not count. */
void http_metrics_refused(struct http_metrics *metrics, unsigned status);

#endif
