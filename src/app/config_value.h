/* SPDX-License-Identifier: MIT */
/* One value of the configuration: checked against its key's row, and stored. */
#ifndef APP_CONFIG_VALUE_H
#define APP_CONFIG_VALUE_H

#include "app/config.h"
#include "telemetry/otlp/endpoint.h"

/* A value as written, not yet checked against its key. */
struct app_value {
  enum {
    APP_VALUE_BOOL,
    APP_VALUE_WHOLE,
    APP_VALUE_REAL,
    APP_VALUE_TEXT,
    APP_VALUE_REALS,
    APP_VALUE_GROUP
  } kind;
  bool boolean;
  int64_t whole;
  double real;
  const char *text;
  struct app_reals reals;
};

/* Checks and stores. Returns 0, or -1 with "payment.failure_rate takes a number from 0 to 1, not 2" in error.
 */
int app_value_store(struct app_config *config, const struct app_key *key, const struct app_value *value,
                    const char *directory, struct error *error);
/* The same for a text from the environment or the command line. The key's type decides how it is parsed. */
int app_value_store_text(struct app_config *config, const struct app_key *key, const char *text,
                         const char *directory, struct error *error);

/* Copies a text. directory: makes a file name absolute, because a daemon leaves the directory in which it was
 * started; NULL for other texts. Returns 0, or -1 with an error that begins with name. */
int app_value_copy(const char *name, const char *directory, const char *text, char out[APP_TEXT_SIZE],
                   struct error *error);

/* A URL for people: without its user, password, query and fragment, because they may be secrets. Returns url
 * if it has none of these, else out. Allocates. */
const char *app_value_show_url(const char *url, char out[TEL_ENDPOINT_SHOWN_SIZE]);

#endif
