/* SPDX-License-Identifier: MIT */
/* The mock's HTTP interface: a table of routes, each with a handler. Handlers run in the server's threads. */
#ifndef SLACK_MOCK_ROUTES_H
#define SLACK_MOCK_ROUTES_H

#include <ulfius.h>

#include "server/server.h"
#include "slack-mock/metrics.h"
#include "slack-mock/mode.h"
#include "slack-mock/store.h"

/* The state that the handlers share. It outlives the server. */
struct mock_channel {
  struct server *server;
  struct mock_store *store;
  struct mock_mode *mode;
  const char *hook; /* the path of the one known webhook, or NULL: every webhook is known */
  struct mock_metrics metrics;
};

/* The server's handler; cls is the struct mock_channel. Blocks in the mode "slow", and on the disk
 * with --store. */
int mock_routes_handle(const struct _u_request *request, struct _u_response *response, void *cls);

/* The server's hook for requests that reach no endpoint: counts them, and responds to messages that are too
 * large. */
void mock_routes_refused(void *cls, const struct server_refusal *refusal, struct server_refusal_reply *reply);

#endif
