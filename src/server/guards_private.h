/* SPDX-License-Identifier: MIT */
/* The guards: what a request must look like before its endpoints see it. */
#ifndef SERVER_GUARDS_PRIVATE_H
#define SERVER_GUARDS_PRIVATE_H

#include "server/connection_private.h"

/* Headers, cookies, arguments of the target and trailers of a request together. libmicrohttpd keeps a record
 * of each in the memory of the connection, where the answer's headers must find room too: with too many the
 * request would be handled and its answer lost. */
enum { SERVER_FIELDS_MAX = 100 };

bool server_guard_is_token(const char *text, size_t len);
/* Of the raw target, when libmicrohttpd has just found it: no blanks and no control characters, NUL among
 * them. */
bool server_guard_target_is_clean(const char *target);
/* Of the raw target, at the same moment: removes the arguments and returns true if there may be no memory for
 * them. libmicrohttpd would continue with a request whose memory it has already freed for the answer. */
bool server_guard_arguments_cut(const struct server *server, const char *target);
/* Fills status, code and detail and returns true if the request must not pass. Method, target and version
 * are libmicrohttpd's own pointers into the header block. */
bool server_guard_refuses(const struct server_client *client, const char *method, const char *target,
                          const char *version, struct server_refusal *refusal);
/* The same, of what came behind a chunked body. */
bool server_guard_refuses_trailers(const struct server_client *client, struct server_refusal *refusal);
/* The fault of what has arrived, as a refusal. */
void server_guard_bad_arrival(const struct server_arrival *arrival, struct server_refusal *refusal);

#endif
