/* SPDX-License-Identifier: MIT */
/* The settings of tracing. The OTEL_* variables override the configuration. */
#ifndef APP_CONFIG_TRACING_H
#define APP_CONFIG_TRACING_H

#include <stdio.h>

#include "app/config.h"
#include "telemetry/settings/tracing_settings.h"

/* Fills out from the configuration and the process's environment. warn is called for each value that is
 * ignored or probably a mistake. Returns 0, or -1 with the reason in error. */
int app_tracing_settings(const struct app_config *config, tel_warn_fn *warn, void *cls,
                         struct tel_tracing_settings *out, struct error *error);

/* Prints each OTEL_* variable with its effective value, and where spans go, as comments of a configuration
 * file. */
void app_tracing_print(const struct tel_tracing_settings *settings, FILE *out);

/* Prints all OTEL_* variables with their allowed values, for --help. */
void app_tracing_help(FILE *out);

#endif
