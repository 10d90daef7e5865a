/* SPDX-License-Identifier: MIT */
/* Observes HTTP requests: request_total, error_total and request_duration_seconds, a SERVER span that follows
 * the HTTP semantic conventions, W3C trace context, and one log line. It depends on no HTTP library: an
 * adapter (such as tel/ulfius.h) or your own server calls begin and end. An exchange belongs to one thread at
 * a time. All other functions may be called from any thread. */
#ifndef TEL_HTTP_H
#define TEL_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include <tel/api.h>
#include <tel/attributes.h>
#include <tel/error.h>
#include <tel/telemetry.h>

TEL_BEGIN

/* A route's instruments. */
struct tel_http_route;
struct tel_http_exchange;

/* A request, when it begins. All texts are borrowed and must stay valid until tel_http_end(); traceparent and
 * tracestate only until tel_http_begin() returns. All except method and path may be NULL. */
struct tel_http_request {
  const char *method;      /* as sent; "" if not known */
  const char *path;        /* as sent, without the query; of an absolute URL, only its path is recorded */
  const char *query;       /* without the question mark; the span's url.query hides secrets of signed URLs */
  const char *scheme;      /* NULL: "http" */
  const char *version;     /* "1.1" */
  const char *host;        /* the Host header */
  const char *client;      /* the peer's address */
  unsigned client_port;    /* or 0 */
  const char *user_agent;  /* the User-Agent header */
  const char *traceparent; /* NULL if absent or repeated: then a new trace begins */
  const char *tracestate;  /* repeated headers joined by commas */
  uint64_t bytes;          /* of the body */
  uint64_t age_ns;         /* how long ago the request began; 0: now */
};

/* Returns the route of a template such as "/order/:id". The template is copied, and becomes the label route
 * and http.route. Each template has one route, which lives until tel_free(). method: the route's only method,
 * whose series then begin at 0. NULL or "*": several methods; each series begins with its first request.
 * Returns NULL if tel or route is NULL, if tel was started before a fork, or on an error, which tel_start()
 * then returns. */
TEL_API struct tel_http_route *tel_http_route(struct tel *tel, const char *method, const char *route);

/* Begins an exchange. Returns NULL, and the request is not observed, when out of memory, if tel, request, its
 * method or its path is NULL, or if tel was started before a fork. The functions below accept NULL. */
TEL_API struct tel_http_exchange *tel_http_begin(struct tel *tel, const struct tel_http_request *request);
/* Ends the exchange: records, ends the span, logs and frees. Call it once. route: of the same tel; NULL: no
 * route matches, the label is "unmatched". status: 100 to 999, or 0 if the client got no response. bytes: of
 * the response's body. */
TEL_API void tel_http_end(struct tel_http_exchange *exchange, const struct tel_http_route *route,
                          unsigned status, uint64_t bytes);

/* Copies the texts of the request, so that they need not stay valid. TEL_E_MEMORY: they are still borrowed.
 */
TEL_API TEL_MUST_CHECK int tel_http_keep(struct tel_http_exchange *exchange);

/* Records why a response did not reach the client completely. Call it before tel_http_end(). Only the first
 * call has an effect. The log line gets the field "cut", the intended status, and the bytes that
 * tel_http_end() gets. request_total counts the intended status, or 0 if there was none. A cut by the server
 * (also at its shutdown) is an error, and so is any cut response with status 500 or above. error_total counts
 * both with the reason "cut". Any other request that was cut by its client or by a timeout is not an error,
 * even with status 0. */
enum tel_http_cut {
  TEL_HTTP_CUT_NONE,
  TEL_HTTP_CUT_CLIENT,
  TEL_HTTP_CUT_TIMEOUT,
  TEL_HTTP_CUT_SHUTDOWN,
  TEL_HTTP_CUT_SERVER
};
TEL_API void tel_http_cut(struct tel_http_exchange *exchange, enum tel_http_cut cut);
/* Like tel_http_end() with status 0, for a request that the server lost. Its texts may be invalid already. */
TEL_API void tel_http_lost(struct tel_http_exchange *exchange, const struct tel_http_route *route);

/* The exchange's SERVER span, for child spans and attributes, and the fields of its log line. A field
 * replaces the field of that name that describes the request (method, route, status, ...). A field with a
 * name that log.h reserves is omitted. An attribute error.type and a status Error that the handler has set
 * stay as they are. NULL for NULL, or when out of memory. */
TEL_API struct tel_span *tel_http_span(struct tel_http_exchange *exchange);
TEL_API struct tel_attributes *tel_http_fields(struct tel_http_exchange *exchange);

TEL_END

#endif
