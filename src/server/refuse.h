/* SPDX-License-Identifier: MIT */
/* A request that no endpoint saw: what the server tells its hook, and what the hook answers. */
#ifndef SERVER_REFUSE_H
#define SERVER_REFUSE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum server_refusal_origin {
  SERVER_REFUSED_BY_GUARD,   /* by this server; its body is made by the hook */
  SERVER_REFUSED_BY_LIBRARY, /* libmicrohttpd found it; its body is made by the hook, unless libmicrohttpd
                              answered by itself, because its connection is not known */
  SERVER_REFUSED_BY_CUT, /* not answered: the connection was cut (status 408: the request took too long) */
};

/* A request that no endpoint saw. Method and target are the client's raw bytes: escape them before
 * use. All of it is valid during the hook only. Statuses and codes:
 *  - 400 invalid_request, 413 payload_too_large, 431 header_too_large: by a guard or by the
 *    library.
 *  - 414 target_too_long: by a guard or by the library.
 *  - 503 unavailable: by a guard, at the connection limit, when the process has no thread or descriptor left,
 * or to clients that still wait while draining. Nothing was read: connection, method and target are NULL.
 *  - 505 version_not_supported: by the library. Before the request line is read, method and target are NULL.
 *  - 408 request_timeout: cut. */
struct server_refusal {
  enum server_refusal_origin origin;
  unsigned status;
  const char *code;   /* a stable word, one for each status, see above */
  const char *detail; /* a sentence for people: what is wrong and what to do */
  const char *method;
  const char *target;                /* with its query */
  const char *client;                /* the address */
  uint64_t started_mono_ns;          /* when its request line had been read; without one, the accept */
  struct MHD_Connection *connection; /* for server_connection_header(); may be NULL */
};

/* The statuses of refusals, by index; 0 behind the last. */
unsigned server_refusal_status(size_t index);

enum { SERVER_REFUSAL_HEADERS = 8 };

/* What a hook answers. Headers beyond these that the server sets itself: Content-Type, Content-Length,
 * Connection: close, Date, and Retry-After with 503. */
struct server_refusal_reply {
  struct buf body;          /* empty: the detail as text */
  const char *content_type; /* static; NULL: text/plain */
  size_t header_count;
  struct {
    const char *name; /* static */
    char value[80];
  } headers[SERVER_REFUSAL_HEADERS];
};

/* Adds a header; the value is copied. Returns false and adds nothing if the reply has no place left or the
 * value is not plain text. */
bool server_refusal_header(struct server_refusal_reply *reply, const char *name, const char *value);

#endif
