/* Starts and stops the HTTP server. */
#ifndef SLACK_MOCK_SERVER_H
#define SLACK_MOCK_SERVER_H

#include "base/buf.h"
#include "slack-mock/routes.h"

struct mock_server;
struct mock_server *mock_server_start(const char *listen, struct mock_channel *channel, struct buf *error);
const char *mock_server_address(const struct mock_server *server);
void mock_server_stop(struct mock_server *server);

#endif
