/* The server's life: from listening to the last answer. */
#ifndef SLACK_MOCK_SERVE_H
#define SLACK_MOCK_SERVE_H

#include <signal.h>

#include "slack-mock/routes.h"

/* Serves the channel at ADDR:PORT until one of the signals comes, which are blocked since the start; says on
 * standard output where it listens. Returns the process's exit code: 2 when listen is not an address, after
 * standard error has said why. */
int mock_serve(const char *listen, struct mock_channel *channel, const sigset_t *signals);

#endif
