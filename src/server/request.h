/* SPDX-License-Identifier: MIT */
/* Reads a request and its connection. Call these from the handler and the hooks, in the thread that serves
 * the connection. */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <microhttpd.h>
#include <ulfius.h>

#include "base/buf.h"

struct MHD_Connection *server_request_connection(const struct _u_request *request);
/* The client's address. An IPv6 address is complete. An IPv4 address has its usual form, even on a dual-stack
 * socket. Lives as long as the request. */
const char *server_request_client(const struct _u_request *request);
unsigned server_request_client_port(const struct _u_request *request);

/* The first value of a header, or NULL. The case of the name does not matter. Lives as long as the request.
 */
const char *server_request_header(const struct _u_request *request, const char *name);

/* Sends this response instead of Ulfius's. Ulfius's response needs eight allocations per header and copies
 * the body twice. The handler then returns U_CALLBACK_COMPLETE. Takes ownership of the response, also on
 * failure. Returns 0, or -1 (also for NULL): then Ulfius sends its own response. */
int server_request_reply(const struct _u_request *request, unsigned status, struct MHD_Response *response);

/* The authority ("host:port") of a target in absolute form, or NULL. It replaces the Host header. */
const char *server_connection_authority(struct MHD_Connection *connection);
/* All values of the name in their order, joined with ",", as HTTP allows for lists (tracestate). */
void server_connection_header_join(struct MHD_Connection *connection, const char *name, struct buf *out);
/* The first Content-Encoding header that names a coding other than identity, or NULL if the body is not
 * encoded. */
const char *server_connection_content_coding(struct MHD_Connection *connection);

#endif
