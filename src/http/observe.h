/* SPDX-License-Identifier: MIT */
/* Observes requests: begins and ends an exchange, and writes its metrics, its span and its log line from one
 * record. All functions except new and free: any thread. */
#ifndef HTTP_OBSERVE_H
#define HTTP_OBSERVE_H

#include "http/exchange.h"
#include "server/refuse.h"
#include "tel/log.h"
#include "tel/metrics.h"
#include "tel/trace.h"

struct http_observe;

/* Registers the metrics of requests (metrics.h). registry NULL: no metrics. NULL when a registration failed.
 * tracer and logger outlive it. */
struct http_observe *http_observe_new(struct tel_registry *registry, struct tel_tracer *tracer,
                                      struct tel_logger *logger, const double *buckets, size_t bucket_count);
void http_observe_free(struct http_observe *observe);

/* Begins an exchange. The caller has set method, path, query, version, connection and client. Finds the route
 * and the trace context, starts the clock and the span, and chooses the request id. */
void http_observe_begin(struct http_observe *observe, struct http_exchange *exchange);
/* Ends an exchange whose response is complete. Call it once for each begin. Ends the span too. */
void http_observe_end(struct http_observe *observe, struct http_exchange *exchange);

/* For a request that no route sees (refused by libmicrohttpd, turned away): chooses the request id and the
 * trace context of its response, from the headers if it has a connection. Do not end such an exchange. */
void http_observe_identify(struct http_observe *observe, struct http_exchange *exchange);
/* Counts and logs such a request, or one that was cut off. Requests without a request line are logged at a
 * limited rate. exchange: that of the response, or NULL. */
void http_observe_refused(struct http_observe *observe, const struct server_refusal *refusal,
                          const struct http_exchange *exchange);

#endif
