/* Asks a running service whether it is ready: for a container's or a supervisor's health check. */
#ifndef APP_HEALTHCHECK_H
#define APP_HEALTHCHECK_H

#include "app/config.h"

/* GET /readyz at the address that listen names (the loopback where it names every address), at most two
 * seconds. Returns 0 if the answer is 200, or -1 with a text in error. */
int app_healthcheck(const char *listen, struct app_error *error);

#endif
