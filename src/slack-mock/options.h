/* SPDX-License-Identifier: MIT */
/* The command line and the environment. */
#ifndef SLACK_MOCK_OPTIONS_H
#define SLACK_MOCK_OPTIONS_H

#include "base/address.h"

struct mock_options {
  struct address address;
  const char *store;      /* a file, or NULL */
  const char *store_from; /* the option or variable that names the file, for messages */
  const char *hook;       /* the path of the only known webhook, or NULL: every webhook is known */
};

/* An option takes precedence over its variable (SLACK_MOCK_LISTEN, SLACK_MOCK_STORE, SLACK_MOCK_HOOK), and
 * the variable over the default. Returns -1 if the program continues, or its exit status: 0 after --help and
 * --version, 1 if their text could not be printed, 2 for an invalid option or variable, which a message on
 * standard error names. The texts are borrowed from argv, the environment and static memory. The value of
 * --hook is a secret: it is copied, and overwritten in argv, so that the process list does not show it. */
int mock_options_parse(int argc, char **argv, struct mock_options *options);

#endif
