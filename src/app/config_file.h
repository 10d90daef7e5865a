/* SPDX-License-Identifier: MIT */
/* The configuration from the text of a file. */
#ifndef APP_CONFIG_FILE_H
#define APP_CONFIG_FILE_H

#include "app/config.h"

/* Reads the text of a file into config, over its values. name is for errors; incident: only keys that can be
 * reloaded are allowed. Returns 0, or -1; then config may hold a part of it. */
int app_config_parse(struct app_config *config, const char *text, size_t len, const char *name, bool incident,
                     const char *directory, struct error *error);

#endif
