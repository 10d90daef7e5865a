/* SPDX-License-Identifier: MIT */
/* The configuration as text. */
#ifndef APP_CONFIG_PRINT_H
#define APP_CONFIG_PRINT_H

#include "app/config.h"

/* Writes the configuration in the syntax of the file, each value with its origin as a comment. */
void app_config_print(const struct app_config *config, const struct app_sources *sources, FILE *out);
/* Writes one value as it stands after "=". */
void app_config_print_value(const struct app_config *config, const struct app_key *key, FILE *out);

#endif
