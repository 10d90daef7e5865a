/* SPDX-License-Identifier: MIT */
/* Runs the server until the program stops. */
#ifndef SLACK_MOCK_SERVE_H
#define SLACK_MOCK_SERVE_H

#include <signal.h>

#include "slack-mock/routes.h"

/* Serves the channel at listen, an ADDR:PORT, until one of the signals arrives. Block them before the call.
 * Prints the address on standard output. Returns the process's exit code; 2 if listen is not an address.
 * Prints failures on standard error. */
int mock_serve(const char *listen, struct mock_channel *channel, const sigset_t *signals);

#endif
