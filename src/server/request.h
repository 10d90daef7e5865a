/* SPDX-License-Identifier: MIT */
/* A request and its connection, for endpoints and hooks, and for free_shared_data with the request that the
 * observer kept. For the thread that serves the connection. */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <microhttpd.h>
#include <ulfius.h>

#include "base/buf.h"

struct MHD_Connection *server_request_connection(const struct _u_request *request);
/* The client's address, whole for IPv6, IPv4 as such also on a dual-stack socket. Lives as long as the
 * request. */
const char *server_request_client(const struct _u_request *request);
unsigned server_request_client_port(const struct _u_request *request);

/* The value of a header by its name in any case: the first of that name, or NULL. Lives as long as the
 * request. */
const char *server_request_header(const struct _u_request *request, const char *name);

/* Answers the request with this response, in place of Ulfius's: its map of headers takes eight allocations
 * for each, and it copies the body twice. The endpoint then returns U_CALLBACK_COMPLETE. Takes over the
 * response, also on failure; NULL is a failure. Returns 0, or -1: Ulfius's response is sent. */
int server_request_reply(const struct _u_request *request, unsigned status, struct MHD_Response *response);

/* server_request_header() for a refusal's connection; NULL where connection is NULL. */
const char *server_connection_header(struct MHD_Connection *connection, const char *name);
/* The authority ("host:port") of a target in absolute form, or NULL: it replaces the Host header. */
const char *server_connection_authority(struct MHD_Connection *connection);
/* All values of the name in their order, joined with ",", as HTTP allows for lists (tracestate). */
void server_connection_header_join(struct MHD_Connection *connection, const char *name, struct buf *out);
/* The first value of Content-Encoding that names a coding other than identity (a list, in one line or in
 * several), or NULL: the body is as it was written. */
const char *server_connection_content_coding(struct MHD_Connection *connection);

#endif
