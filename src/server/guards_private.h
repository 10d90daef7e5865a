/* SPDX-License-Identifier: MIT */
/* The guards: checks of a request before the handler sees it. */
#ifndef SERVER_GUARDS_PRIVATE_H
#define SERVER_GUARDS_PRIVATE_H

#include "server/connection_private.h"

/* Limit of a request's headers, cookies, arguments and trailers together. libmicrohttpd keeps a record of
 * each in the connection's memory. The response's headers need that memory too. With too many records, the
 * response to a handled request would not fit. */
enum { SERVER_FIELDS_MAX = 100 };

bool server_guard_is_token(const char *text, size_t len);
/* Whether the raw target holds no blanks and no control characters (such as NUL). Call it from
 * server_connection_begun(), before libmicrohttpd parses the arguments. */
bool server_guard_target_is_clean(const char *target);
/* If the connection's memory may not suffice for the arguments of the raw target, removes them and returns
 * true. Otherwise libmicrohttpd would respond itself, free the request's memory and then use that memory.
 * Call this function from server_connection_begun(), too. */
bool server_guard_arguments_cut(const struct server *server, const char *target);
/* If the request must be refused, fills status, code and detail and returns true. Method, target and version
 * are libmicrohttpd's own pointers into the header block. */
bool server_guard_refuses(const struct server_client *client, const char *method, const char *target,
                          const char *version, struct server_refusal *refusal);
/* The same for the trailers of a chunked body. */
bool server_guard_refuses_trailers(const struct server_client *client, struct server_refusal *refusal);
/* Fills the refusal for the fault that server_arrival_read() found. */
void server_guard_bad_arrival(const struct server_arrival *arrival, struct server_refusal *refusal);

#endif
