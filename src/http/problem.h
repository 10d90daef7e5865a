/* SPDX-License-Identifier: MIT */
/* All the ways in which a request can fail, one row each. The rows of the payment failures are in
 * shop/reason.h. */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include <stdbool.h>

#include "shop/reason.h"
#include "tel/log.h"

/* name, code, status, level, error (true: counts in error_total, because the client made no mistake but did
 * not get what it asked for), title, what to do next */
#define HTTP_PROBLEMS(X)                                                                                     \
  X(HTTP_INVALID_REQUEST, "invalid_request", 400, TEL_WARN, false, "The request is not valid",               \
    "Correct the request and send it again.")                                                                \
  X(HTTP_FORBIDDEN, "forbidden", 403, TEL_WARN, false, "Only for clients on this machine",                   \
    "Send the request on the service's own machine, to http://127.0.0.1 with the service's port.")           \
  X(HTTP_UNKNOWN_TRACE, "unknown_trace", 404, TEL_WARN, false, "This trace is not kept",                     \
    "Take a trace id from /debug/tracez, or ask the back end that traces are exported to.")                  \
  X(HTTP_NOT_FOUND, "not_found", 404, TEL_WARN, false, "No route has this path",                             \
    "docs/openapi.yaml describes the whole interface.")                                                      \
  X(HTTP_METHOD_NOT_ALLOWED, "method_not_allowed", 405, TEL_WARN, false, "This path takes another method",   \
    "Use a method that the Allow header names.")                                                             \
  X(HTTP_REQUEST_TIMEOUT, "request_timeout", 408, TEL_WARN, false, "The request took too long",              \
    "server.request_timeout_s is the limit.")                                                                \
  X(HTTP_PAYLOAD_TOO_LARGE, "payload_too_large", 413, TEL_WARN, false, "The body is too large",              \
    "Send a smaller body.")                                                                                  \
  X(HTTP_UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", 415, TEL_WARN, false,                             \
    "The format of the body is not supported",                                                               \
    "Send a JSON body with Content-Type: application/json and without Content-Encoding.")                    \
  X(HTTP_TARGET_TOO_LONG, "target_too_long", 414, TEL_WARN, false, "The target is too long",                 \
    "Send a shorter path and query.")                                                                        \
  X(HTTP_VERSION_NOT_SUPPORTED, "version_not_supported", 505, TEL_WARN, false,                               \
    "This version of HTTP is not supported", "Speak HTTP/1.1.")                                              \
  X(HTTP_HEADER_TOO_LARGE, "header_too_large", 431, TEL_WARN, false, "The header is too large",              \
    "Send fewer or shorter header fields.")                                                                  \
  X(HTTP_UNKNOWN_SKU, "unknown_sku", 404, TEL_WARN, false, "Unknown SKU",                                    \
    "Order one of these, or leave sku out.")                                                                 \
  X(HTTP_UNKNOWN_ORDER, "unknown_order", 404, TEL_WARN, false, "Unknown order",                              \
    "Use the order_id that POST /order returned. A full store drops old orders, and a restart drops all.")   \
  X(HTTP_ALREADY_PAID, "already_paid", 409, TEL_WARN, false, "Already paid", "Nothing is left to do.")       \
  X(HTTP_OUT_OF_STOCK, "out_of_stock", 409, TEL_WARN, true, "Out of stock",                                  \
    "Order fewer units, or try again after the next restock (inventory.restock_s).")                         \
  X(HTTP_UNAVAILABLE, "unavailable", 503, TEL_ERROR, true, "The service cannot handle this request now",     \
    "Try again after the time that Retry-After names.")

#define HTTP_PROBLEM_ENUM(name, ...) name,
#define HTTP_FAILURE_ENUM(name, ...) HTTP_##name,
enum http_problem {
  HTTP_NO_PROBLEM,
  HTTP_PROBLEMS(HTTP_PROBLEM_ENUM) SHOP_PAYMENT_FAILURES(HTTP_FAILURE_ENUM) HTTP_PROBLEM_COUNT
};
#undef HTTP_PROBLEM_ENUM
#undef HTTP_FAILURE_ENUM

struct http_problem_row {
  const char *code;
  unsigned status;
  enum tel_level level;
  bool error;
  const char *title, *advice;
};

const struct http_problem_row *http_problem_row(enum http_problem problem);
/* The problem for a reason of the shop; HTTP_NO_PROBLEM for SHOP_DONE. */
enum http_problem http_problem_of(enum shop_reason reason);
/* The problem of that code, or HTTP_NO_PROBLEM. */
enum http_problem http_problem_by_code(const char *code);

#endif
