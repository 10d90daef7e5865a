/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "app/config.h"

struct app_options {
  const char *config;                /* NULL: the default file, if it exists */
  const char *values[APP_KEY_COUNT]; /* settings with their own option; NULL: not given */
  bool daemon, check_config, healthcheck, version, help;
};

/* Strings point into argv. Returns 0, or -1 with a text in error. Uses getopt's global state: main thread. */
int app_options_parse(int argc, char **argv, struct app_options *out, struct error *error);
void app_options_help(FILE *out);

#endif
