/* SPDX-License-Identifier: MIT */
/* Refusals: the server reports a request that the handler did not see, and the hook replies to it. */
#ifndef SERVER_REFUSE_H
#define SERVER_REFUSE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum server_refusal_origin {
  SERVER_REFUSED_BY_GUARD,   /* by this server; the hook makes the body */
  SERVER_REFUSED_BY_LIBRARY, /* by libmicrohttpd; the hook makes the body. If the connection is unknown,
                                libmicrohttpd makes it */
  SERVER_REFUSED_BY_CUT, /* the request took too long (status 408). If its bytes stopped for the idle timeout,
                            the connection was cut without a response */
};

/* A request that the handler did not see. Method and target are the client's raw bytes: escape them before
 * use. All pointers are valid only during the hook. Statuses and codes:
 *  - 400 invalid_request, 413 payload_too_large, 431 header_too_large: by a guard or by the library.
 *  - 414 target_too_long: by a guard or by the library.
 *  - 503 unavailable: by a guard at the connection limit, when threads or descriptors run out, and for
 *    connections in the backlog while draining. The request was not read: connection, method and target are
 *    NULL.
 *  - 505 version_not_supported: by the library. Before the request line is read, method and target are NULL.
 *  - 408 request_timeout: cut. Method and target as for 505. */
struct server_refusal {
  enum server_refusal_origin origin;
  unsigned status;
  const char *code;   /* a stable word, one for each status; see above */
  const char *detail; /* a sentence for people: what is wrong and what to do */
  size_t limit;       /* the number of bytes that a part of the request exceeds; 0: not the reason */
  const char *method;
  const char *target;  /* with the query */
  const char *version; /* "HTTP/1.1"; NULL unless a guard refused the headers */
  const char *client;  /* the address */
  unsigned client_port;
  struct MHD_Connection *connection; /* for request.h; may be NULL */
};

/* The statuses of refusals, by index; 0 after the last. */
unsigned server_refusal_status(size_t index);

enum { SERVER_REFUSAL_HEADERS = 8, SERVER_REFUSAL_VALUE_SIZE = 160 };

/* The hook's reply. The server adds Content-Type, Content-Length, Connection: close, Date, and Retry-After
 * with 503. */
struct server_refusal_reply {
  struct buf body;          /* empty: the detail as text */
  const char *content_type; /* static; NULL: text/plain */
  size_t header_count;
  struct {
    const char *name; /* static */
    char value[SERVER_REFUSAL_VALUE_SIZE];
  } headers[SERVER_REFUSAL_HEADERS];
};

/* Adds a header and copies its value. Returns false and adds nothing if the reply is full, or if the value is
 * empty, does not fit or holds control characters. */
bool server_refusal_header(struct server_refusal_reply *reply, const char *name, const char *value);

#endif
