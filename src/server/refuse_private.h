/* SPDX-License-Identifier: MIT */
/* Answers to requests that no endpoint sees. */
#ifndef SERVER_REFUSE_PRIVATE_H
#define SERVER_REFUSE_PRIVATE_H

#include "server/connection_private.h"

/* Asks the hook and answers, in place of the dispatcher's first call for a request. Returns what the
 * dispatcher shall. */
enum MHD_Result server_refuse(struct server_client *client, struct server_refusal *refusal);
/* The same where libmicrohttpd takes no reply any more, or has no memory for it: written to the socket, then
 * cut. Does not block: what the socket does not take is lost. */
enum MHD_Result server_refuse_now(struct server_client *client, struct server_refusal *refusal);
/* 503 to a connection that gets no service. */
void server_refuse_away(struct server *server, int fd, const char *client, const char *detail);
/* Sets status, code and detail. A status that the server does not refuse with becomes 400, or 413 from 500
 * on. */
void server_refuse_fill(struct server_refusal *refusal, unsigned status);
/* Answers in libmicrohttpd's place what it has just found wrong; page is its own text. */
void server_refuse_for_library(struct server_client *client, unsigned status, const char *page);
/* Tells the hook of an answer that is not ours. */
void server_refuse_report(struct server *server, const struct server_refusal *refusal);

#endif
