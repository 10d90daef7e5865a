/* SPDX-License-Identifier: MIT */
/* Asks a running service whether it is ready: for a container's or a supervisor's health check. */
#ifndef APP_HEALTHCHECK_H
#define APP_HEALTHCHECK_H

#include "base/address.h"

/* GET /readyz at this address (the loopback where it is every address), at most two seconds. Returns 0 if the
 * answer is 200, or -1 with a text in error. */
int app_healthcheck(const struct address *listen, struct error *error);

#endif
