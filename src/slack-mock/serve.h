/* SPDX-License-Identifier: MIT */
/* Runs the server until the program stops. */
#ifndef SLACK_MOCK_SERVE_H
#define SLACK_MOCK_SERVE_H

#include <signal.h>

#include "slack-mock/routes.h"

/* Serves the channel at the address until one of the signals arrives. Block them before the call. Prints the
 * address on standard output, and failures on standard error. Returns the process's exit code. */
int mock_serve(const struct address *address, struct mock_channel *channel, const sigset_t *signals);

#endif
