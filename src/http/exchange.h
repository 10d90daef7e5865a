/* One request and its answer, from first look to last byte: the record from which log line, metrics and span
 * are written. Belongs to the request's thread. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "http/problem.h"
#include "http/routes.h"
#include "shop/shop.h"
#include "tel/context.h"

struct http_service;

struct http_reply_header {
  const char *name, *value;
};

enum { HTTP_REQUEST_ID_SIZE = 129, HTTP_DETAIL_SIZE = 384, HTTP_TEXT_SIZE = 257 };

/* The headers that the service reads; one pass looks up all of them when the exchange begins. */
#define HTTP_HEADER_NAMES(X)                                                                                 \
  X(HTTP_CONTENT_TYPE, "Content-Type")                                                                       \
  X(HTTP_HOST, "Host")                                                                                       \
  X(HTTP_REQUEST_ID, "X-Request-Id")                                                                         \
  X(HTTP_TRACEPARENT, "traceparent")                                                                         \
  X(HTTP_USER_AGENT, "User-Agent")

#define HTTP_HEADER_ENUM(id, name) id,
enum http_header { HTTP_HEADER_NAMES(HTTP_HEADER_ENUM) HTTP_HEADERS };
#undef HTTP_HEADER_ENUM

/* Below 1 KiB: malloc keeps blocks of up to 1032 bytes at hand for each thread. */
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
  struct clock_anchor start;
  struct tel_span *span;      /* NULL for probes and unmatched paths */
  struct tel_context context; /* of the span, or of the trace that the caller is in, or zero */

  /* The answer. */
  unsigned status;
  const char *content_type;                     /* static */
  const char *accept, *accept_encoding;         /* what a 415 names as taken; static, or NULL */
  char location[64];                            /* or "" */
  unsigned retry_after_s;                       /* or 0 */
  const char *encoding;                         /* Content-Encoding, static, or NULL */
  const struct http_reply_header *more_headers; /* static, up to one without a name; or NULL */
  bool close;                                   /* the connection ends with this answer */
  struct buf reply;

  /* What is known of it, for the three signals. */
  enum http_problem problem;
  char detail[HTTP_DETAIL_SIZE]; /* of the problem; may hold text of the client */
  char order_id[SHOP_ID_SIZE], payment_id[SHOP_ID_SIZE];
  char sku[65]; /* as asked for, cut */
  unsigned quantity;
  uint64_t inner_ns;
};

/* Answers with the JSON text in exchange->reply and the route's status; a reply that failed (out of memory)
 * becomes 503. */
void http_reply_json(struct http_exchange *exchange);
/* Answers with the problem. The detail, a sentence or two, says what is wrong and what is allowed; the
 * table's advice follows it. */
void http_reply_problem(struct http_exchange *exchange, enum http_problem problem, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

enum { HTTP_QUOTE_CHARACTERS = 40, HTTP_QUOTE_SIZE = 3 * 4 * HTTP_QUOTE_CHARACTERS + 4 };
/* Text of a client as a detail may hold it: at most 40 characters, UTF-8, "..." behind them if it was longer.
 * Returns out. */
const char *http_quote(const char *text, char out[HTTP_QUOTE_SIZE]);
/* Fills exchange->headers from its connection. */
void http_exchange_read_headers(struct http_exchange *exchange);

#endif
