/* SPDX-License-Identifier: MIT */
/* The route table: the routes and their names in metrics, spans and logs. A new route needs one row here, one
 * handler, and its rows in docs/openapi.yaml and docs/telemetry.md, which tests compare. The rest
 * (prototypes, labels, series at 0, Allow, the list in the 404) follows from the row. Pure functions; any
 * thread. */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

struct http_exchange;

/* One row: method (GET serves HEAD too), path, handler, and then fields of struct http_route by name. A
 * segment of a path in braces is a parameter. Rows may share a path, in any order: a literal segment has
 * precedence over a parameter. A row without a span is a probe: it has no trace and no request metrics, and
 * logs at DEBUG. */
#define HTTP_ROUTES(X)                                                                                       \
  X("POST", "/order", http_handle_order, .status = 201, .span = "CreateOrder", .done = "order created",      \
    .failed = "order failed", .rejected = "order rejected",                                                  \
    .problems =                                                                                              \
        HTTP_MAY(HTTP_UNSUPPORTED_MEDIA_TYPE) | HTTP_MAY(HTTP_UNKNOWN_SKU) | HTTP_MAY(HTTP_OUT_OF_STOCK))    \
  X("GET", "/order/{order_id}", http_handle_order_status, .status = 200, .span = "GetOrder",                 \
    .done = "order found", .failed = "order failed", .rejected = "order rejected",                           \
    .problems = HTTP_MAY(HTTP_UNKNOWN_ORDER))                                                                \
  X("POST", "/payment/pay", http_handle_payment, .status = 200, .span = "ProcessPayment",                    \
    .done = "payment succeeded", .failed = "payment failed", .rejected = "payment rejected",                 \
    .problems = HTTP_MAY(HTTP_UNSUPPORTED_MEDIA_TYPE) | HTTP_MAY(HTTP_UNKNOWN_ORDER) |                       \
                HTTP_MAY(HTTP_ALREADY_PAID) | HTTP_PAYMENT_FAILURES)                                         \
  X("GET", "/metrics", http_handle_metrics, .status = 200, .vary = "Accept, Accept-Encoding")                \
  X("GET", "/healthz", http_handle_healthz, .status = 200)                                                   \
  X("GET", "/readyz", http_handle_readyz, .status = 200)                                                     \
  X("GET", "/version", http_handle_version, .status = 200)                                                   \
  X("GET", "/debug/tracez", http_handle_tracez, .status = 200, .vary = "Accept")

#define HTTP_ROUTE_ONE(...) +1
enum { HTTP_ROUTE_COUNT = 0 HTTP_ROUTES(HTTP_ROUTE_ONE) };

struct http_route {
  const char *method;
  const char *path; /* also the label route and the attribute http.route */
  void (*handle)(struct http_exchange *exchange);
  unsigned status;                      /* of success */
  const char *vary;                     /* Vary of every response at this path; NULL: none */
  const char *span;                     /* name of the SERVER span; NULL: a probe */
  const char *done, *failed, *rejected; /* log messages */
  unsigned problems; /* HTTP_MAY() of the problems that only some routes have: their series exist at 0 from
                        the start */
};

#define HTTP_MAY(problem) (1u << (problem))
#define HTTP_MAY_FAIL(name, ...) | HTTP_MAY(HTTP_##name)
#define HTTP_PAYMENT_FAILURES (0 SHOP_PAYMENT_FAILURES(HTTP_MAY_FAIL))

extern const struct http_route http_routes[HTTP_ROUTE_COUNT];

/* The handlers. Each reads the exchange's request, replies once, and adds fields to its log line. */
#define HTTP_HANDLER(method, path, handle, ...) void handle(struct http_exchange *exchange);
HTTP_ROUTES(HTTP_HANDLER)
#undef HTTP_HANDLER

/* Returns the route with this path that accepts the method, else one with this path, else NULL. */
const struct http_route *http_route_find(const char *path, const char *method);
bool http_route_takes(const struct http_route *route, const char *method);
bool http_route_is_probe(const struct http_route *route);

/* Copies the value of a parameter in a path of the route, not decoded and cut to size. Returns its full
 * length; 0: the route has no such parameter. */
size_t http_route_parameter(const struct http_route *route, const char *path, const char *name, char *out,
                            size_t size);

enum { HTTP_ALLOW_SIZE = 80 };
#define HTTP_WHOLE_SERVER "*" /* the target of OPTIONS for the server itself (RFC 9110 9.3.7) */
/* The value of Allow for a path: the methods of all its rows; for HTTP_WHOLE_SERVER those of all rows. */
void http_route_allow(const char *path, char out[HTTP_ALLOW_SIZE]);
/* Writes "POST /order, GET /order/{order_id} ... or GET /version". Ends with "..." if the list does not fit.
 */
void http_route_list(char *out, size_t size);

#endif
