/* SPDX-License-Identifier: MIT */
/* One request and its response. The log line, the metrics and the span are all written from this record.
 * Belongs to the request's thread. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "http/problem.h"
#include "http/routes.h"
#include "tel/attributes.h"
#include "tel/context.h"

struct http_service;

struct http_reply_header {
  const char *name, *value;
};

enum {
  HTTP_REQUEST_ID_SIZE = 129,
  HTTP_DETAIL_SIZE = 384,
  HTTP_TEXT_SIZE = 257,
  HTTP_NOTES = 8,
  HTTP_NOTE_SIZE = 65
};

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

/* A field of the log line, added by a handler. */
struct http_note {
  const struct tel_key *key; /* static */
  enum tel_type type;        /* TEL_STRING, TEL_INT or TEL_DOUBLE */
  union {
    char text[HTTP_NOTE_SIZE];
    int64_t integer;
    double real;
  } value;
};

struct http_exchange {
  struct http_service *service;
  struct MHD_Connection *connection;

  /* The request. */
  const char *method;  /* as sent; valid during the exchange */
  size_t method_index; /* its index in tel_http_methods; set when the observation begins */
  const char *path;    /* as sent, without the query; valid during the exchange */
  const char *query;   /* without the question mark, or NULL */
  const char *version;
  const struct http_route *route; /* NULL: no route has this path */
  const char *body;
  size_t body_len;
  const char *headers[HTTP_HEADERS]; /* by enum http_header; NULL: absent or repeated */
  const char *client;                /* address; valid during the exchange; may be NULL */
  unsigned client_port;
  struct clock_anchor start;
  struct tel_span *span;      /* NULL for probes and unmatched paths */
  struct tel_context context; /* of the span; without one, the caller's trace id or a new one */

  /* The response. */
  unsigned status;
  const char *content_type;             /* static */
  const char *accept, *accept_encoding; /* the formats that a 415 names as accepted; static, or NULL */
  const char *retry_after;              /* in seconds; static, or NULL */
  const char *encoding;                 /* Content-Encoding, static, or NULL */
  const struct http_reply_header *more_headers; /* static, ends with a header without a name; or NULL */
  struct buf reply;
  enum http_problem problem;
  unsigned note_count;
  char location[64]; /* or "" */

  /* The texts are last: http_exchange_init() does not clear them. */
  char request_id[HTTP_REQUEST_ID_SIZE];
  char detail[HTTP_DETAIL_SIZE]; /* of the problem; may hold text of the client */
  struct http_note notes[HTTP_NOTES];
};

/* Makes an exchange without a request. All fields become zero, except the texts: they stay uninitialised. */
void http_exchange_init(struct http_exchange *exchange);
/* Fills exchange->headers from its connection. */
void http_exchange_read_headers(struct http_exchange *exchange);

/* Adds a field to the log line. Fields beyond HTTP_NOTES are dropped. The text is copied and cut to
 * HTTP_NOTE_SIZE - 1 bytes; NULL and "" add nothing. */
void http_note_text(struct http_exchange *exchange, const struct tel_key *key, const char *text);
void http_note_int(struct http_exchange *exchange, const struct tel_key *key, int64_t value);
/* Adds a duration in milliseconds. 0 means that the step did not run, and adds nothing. */
void http_note_duration(struct http_exchange *exchange, const struct tel_key *key, uint64_t ns);

#endif
