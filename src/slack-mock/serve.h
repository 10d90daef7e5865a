/* SPDX-License-Identifier: MIT */
/* Runs the server, from listening to the last answer. */
#ifndef SLACK_MOCK_SERVE_H
#define SLACK_MOCK_SERVE_H

#include <signal.h>

#include "slack-mock/routes.h"

/* Serves the channel at listen, an ADDR:PORT, until one of the signals arrives; they are blocked before the
 * call. Prints the address on standard output. Returns the process's exit code: 2 if listen is not an
 * address, after a message on standard error. */
int mock_serve(const char *listen, struct mock_channel *channel, const sigset_t *signals);

#endif
