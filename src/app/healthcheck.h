/* SPDX-License-Identifier: MIT */
/* The health check of a container or a supervisor: asks a running service whether it is ready. */
#ifndef APP_HEALTHCHECK_H
#define APP_HEALTHCHECK_H

#include "base/address.h"

/* Sends GET /readyz to this address (to the loopback address if listen is a wildcard address). Takes at most
 * two seconds. Returns 0 if the response is 200, or -1 with a text in error. */
int app_healthcheck(const struct address *listen, struct error *error);

#endif
