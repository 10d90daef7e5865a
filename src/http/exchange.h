/* One request and its answer, from first look to last byte: the record from which log line, metrics and span
 * are written. Belongs to the request's thread. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/problem.h"
#include "http/routes.h"
#include "shop/shop.h"
#include "tel/context.h"

struct http_service;

enum { HTTP_REQUEST_ID_SIZE = 129, HTTP_DETAIL_SIZE = 256, HTTP_TEXT_SIZE = 257 };

/* The headers that somebody here reads; all are looked up in one pass when the exchange begins. */
#define HTTP_HEADER_NAMES(X)                                                                                 \
  X(HTTP_ACCEPT, "Accept")                                                                                   \
  X(HTTP_ACCEPT_ENCODING, "Accept-Encoding")                                                                 \
  X(HTTP_CONTENT_TYPE, "Content-Type")                                                                       \
  X(HTTP_HOST, "Host")                                                                                       \
  X(HTTP_REQUEST_ID, "X-Request-Id")                                                                         \
  X(HTTP_TRACEPARENT, "traceparent")                                                                         \
  X(HTTP_USER_AGENT, "User-Agent")

#define HTTP_HEADER_ENUM(id, name) id,
enum http_header { HTTP_HEADER_NAMES(HTTP_HEADER_ENUM) HTTP_HEADERS };
#undef HTTP_HEADER_ENUM

struct http_exchange {
  struct http_service *service;
  struct MHD_Connection *connection;

  /* The request. */
  const char *method; /* as sent; valid during the exchange */
  const char *path;   /* as sent, without the query; valid during the exchange */
  const char *query;  /* without the question mark, or NULL */
  const char *version;
  const struct http_route *route; /* NULL: none has this path */
  const char *body;
  size_t body_len;
  const char *headers[HTTP_HEADERS]; /* by enum http_header; NULL: not there, or more than once */
  char request_id[HTTP_REQUEST_ID_SIZE];
  const char *client; /* address; valid during the exchange; may be NULL */
  unsigned client_port;
  uint64_t start_unix_ns, start_mono_ns;
  struct tel_span *span;      /* NULL for probes and unmatched paths */
  struct tel_context context; /* of the span, or of the trace that the caller is in, or zero */

  /* The answer. */
  unsigned status;
  const char *content_type; /* static */
  const char *allow;        /* static, or NULL */
  char location[64];        /* or "" */
  unsigned retry_after_s;   /* or 0 */
  const char *encoding;     /* Content-Encoding, static, or NULL */
  bool close;               /* the connection ends with this answer */
  struct buf reply;

  /* What is known of it, for the three signals. */
  enum http_problem problem;
  char detail[HTTP_DETAIL_SIZE]; /* of the problem; may hold text of the client */
  char order_id[SHOP_ID_SIZE], payment_id[SHOP_ID_SIZE];
  char sku[65]; /* as asked for, cut */
  unsigned quantity;
  uint64_t inner_ns;
};

/* Answers with the JSON text in exchange->reply; a reply that failed (out of memory) becomes 503. */
void http_reply_json(struct http_exchange *exchange, unsigned status);
/* Answers with the problem; detail (NULL: none) is said before the table's advice. */
void http_reply_problem(struct http_exchange *exchange, enum http_problem problem, const char *detail);
/* Fills exchange->headers from its connection. */
void http_exchange_read_headers(struct http_exchange *exchange);

#endif
