/* SPDX-License-Identifier: MIT */
/* Responses to requests that the handler does not see. */
#ifndef SERVER_REFUSE_PRIVATE_H
#define SERVER_REFUSE_PRIVATE_H

#include "server/connection_private.h"

/* Asks the hook for a reply and queues it. Call it instead of the dispatcher's first call for a request, and
 * return its result to libmicrohttpd. */
enum MHD_Result server_refuse(struct server_client *client, struct server_refusal *refusal);
/* Does the same if libmicrohttpd accepts no reply or has no memory for it: writes to the socket and cuts the
 * connection. Does not block. Bytes that the socket does not accept are lost. */
enum MHD_Result server_refuse_now(struct server_client *client, struct server_refusal *refusal);
/* Responds to a connection with 503 without reading a request. */
void server_refuse_away(struct server *server, int fd, const char *client, const char *detail);
/* Sets status, code and detail. A status that is not in the table becomes 400, or 413 if it is 500 or above:
 * libmicrohttpd responds with 500 when a chunk extension fills its memory. */
void server_refuse_fill(struct server_refusal *refusal, unsigned status);
/* Responds in place of libmicrohttpd, after libmicrohttpd has found a fault. page is libmicrohttpd's own
 * text. */
void server_refuse_for_library(struct server_client *client, unsigned status, const char *page);

#endif
