/* SPDX-License-Identifier: MIT */
/* One HTTP request observed: request_total, error_total and request_duration_seconds, a SERVER span after the
 * HTTP semantic conventions, W3C trace context, and one log line. No HTTP library is needed or known: an
 * adapter (tel/ulfius.h is one) or a server of its own calls begin and end. An exchange belongs to one thread
 * at a time; everything else may be called from any thread. */
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

/* What is known of a request when it begins. All texts are borrowed and must stay valid until
 * tel_http_end(); each but method and path may be NULL. */
struct tel_http_request {
  const char *method;      /* as sent; "" if not known */
  const char *path;        /* as sent, without the query */
  const char *query;       /* without the question mark */
  const char *scheme;      /* NULL: "http" */
  const char *version;     /* "1.1" */
  const char *host;        /* the Host header */
  const char *client;      /* the peer's address */
  unsigned client_port;    /* or 0 */
  const char *user_agent;  /* the User-Agent header */
  const char *traceparent; /* NULL also when there is more than one: then a new trace begins */
  const char *tracestate;  /* several joined by commas */
  uint64_t bytes;          /* of the body */
  uint64_t age_ns;         /* how long ago it began; 0: now */
};

/* The route of that template, such as "/order/:id" (copied): the label route and http.route. Made once for
 * each template and kept until tel_free(); its series are made at 0 for method, or NULL or "*" if it takes
 * several. NULL when out of memory or NULL was given; the error is kept for tel_start(). */
TEL_API struct tel_http_route *tel_http_route(struct tel *tel, const char *method, const char *route);

/* Begins an exchange. NULL when out of memory (the request goes unobserved) or tel is NULL. */
TEL_API struct tel_http_exchange *tel_http_begin(struct tel *tel, const struct tel_http_request *request);
/* Ends it, once: records, ends the span, logs, frees. route NULL: none matches, the label is "unmatched".
 * status 100 to 999, or 0: the client got no answer. bytes: of the answer's body. Takes NULL. */
TEL_API void tel_http_end(struct tel_http_exchange *exchange, const struct tel_http_route *route,
                          unsigned status, uint64_t bytes);

/* Copies the texts of the request: they need not stay valid any more. TEL_E_MEMORY: it still borrows them. */
TEL_API TEL_MUST_CHECK int tel_http_keep(struct tel_http_exchange *exchange);

/* Why an answer did not reach the client whole. To be called before tel_http_end(), the first counts; takes
 * NULL. The log line gets the field "cut"; status and bytes stay what the server meant to send and did send.
 * request_total counts the status: 0 if there was none. error_total counts, with the reason "cut", what the
 * server cut (also at its shutdown), and never what the client left, also if its status was 0. */
enum tel_http_cut {
  TEL_HTTP_CUT_NONE,
  TEL_HTTP_CUT_CLIENT,
  TEL_HTTP_CUT_TIMEOUT,
  TEL_HTTP_CUT_SHUTDOWN,
  TEL_HTTP_CUT_SERVER
};
TEL_API void tel_http_cut(struct tel_http_exchange *exchange, enum tel_http_cut cut);
/* As tel_http_end() with status 0 when the request's texts are gone already: the server lost the request. */
TEL_API void tel_http_lost(struct tel_http_exchange *exchange, const struct tel_http_route *route);

/* The exchange's SERVER span, for children and attributes; and the fields of its log line, to add to (keys
 * are static strings). NULL for NULL, or where none is made. */
TEL_API struct tel_span *tel_http_span(struct tel_http_exchange *exchange);
TEL_API struct tel_attributes *tel_http_fields(struct tel_http_exchange *exchange);

TEL_END

#endif
