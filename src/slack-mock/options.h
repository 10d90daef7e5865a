/* SPDX-License-Identifier: MIT */
/* The command line and the environment. */
#ifndef SLACK_MOCK_OPTIONS_H
#define SLACK_MOCK_OPTIONS_H

struct mock_options {
  const char *listen; /* ADDR:PORT */
  const char *store;  /* a file, or NULL */
  const char *hook;   /* the path of the only known webhook, or NULL: every webhook is known */
};

enum mock_options_result { MOCK_OPTIONS_RUN, MOCK_OPTIONS_DONE, MOCK_OPTIONS_FAILED, MOCK_OPTIONS_BAD };

/* An option takes precedence over its variable (SLACK_MOCK_LISTEN, SLACK_MOCK_STORE, SLACK_MOCK_HOOK), and
 * the variable over the default. DONE: --help or --version was printed. FAILED: it could not be printed. BAD:
 * invalid; a message was printed on standard error. The texts are borrowed from argv, the environment and
 * static memory. The value of --hook is a secret: it is copied, and overwritten in argv, so that the process
 * list does not show it. */
enum mock_options_result mock_options_parse(int argc, char **argv, struct mock_options *options);

#endif
