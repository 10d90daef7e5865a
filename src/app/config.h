/* SPDX-License-Identifier: MIT */
/* The configuration: the settings of config_keys.h, from defaults, file, incident file, environment and
 * options. A later source overrides an earlier one. struct app_config is plain data that can be copied with
 * =. One thread. */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "app/config_keys.h"
#include "base/address.h"
#include "base/error.h"
#include "telemetry/settings/tracing_settings.h"

enum { APP_TEXT_SIZE = 1024, APP_REALS_MAX = 64 };

struct app_reals {
  double values[APP_REALS_MAX];
  size_t count;
};

enum app_type {
  APP_ADDRESS,
  APP_NAME,
  APP_PATH,
  APP_OUTPUT,
  APP_URL,
  APP_CHOICE,
  APP_BOOL,
  APP_WHOLE,
  APP_MEMORY,
  APP_REAL,
  APP_REALS
};

#define APP_FIELD_ADDRESS(name) struct address name;
#define APP_FIELD_NAME(name) char name[APP_TEXT_SIZE];
#define APP_FIELD_PATH(name) char name[APP_TEXT_SIZE];
#define APP_FIELD_OUTPUT(name) char name[APP_TEXT_SIZE];
#define APP_FIELD_URL(name) char name[APP_TEXT_SIZE];
#define APP_FIELD_CHOICE(name) size_t name;
#define APP_FIELD_BOOL(name) bool name;
#define APP_FIELD_WHOLE(name) uint64_t name;
#define APP_FIELD_MEMORY(name) uint64_t name;
#define APP_FIELD_REAL(name) double name;
#define APP_FIELD_REALS(name) struct app_reals name;

#define APP_CONFIG_ID(field, ...) APP_KEY_##field,
enum app_key_id { APP_CONFIG_KEYS(APP_CONFIG_ID) APP_KEY_COUNT };
#undef APP_CONFIG_ID

/* Where a value came from. */
enum app_source { APP_FROM_DEFAULT, APP_FROM_FILE, APP_FROM_INCIDENT, APP_FROM_ENVIRONMENT, APP_FROM_OPTION };
struct app_origin {
  enum app_source source;
  unsigned line; /* of a file */
};

#define APP_CONFIG_FIELD(field, type, ...) APP_FIELD_##type(field)
struct app_config {
  APP_CONFIG_KEYS(APP_CONFIG_FIELD)
  struct app_origin origin[APP_KEY_COUNT];
};
#undef APP_CONFIG_FIELD

struct app_key {
  const char *path;
  enum app_type type;
  size_t offset, size; /* of its field in struct app_config */
  const char *fallback;
  double min, max;
  const char *(*choice)(size_t index); /* the words of a CHOICE; NULL after the last */
  bool reload;
  const char *help;
};
extern const struct app_key app_keys[APP_KEY_COUNT];

/* The index of the key with this path of len bytes, or APP_KEY_COUNT. */
size_t app_key_find(const char *path, size_t len);
/* "payment.failure_rate" is MINISHOP_PAYMENT_FAILURE_RATE. */
enum { APP_VARIABLE_SIZE = 64 };
void app_key_variable(const struct app_key *key, char out[APP_VARIABLE_SIZE]);

/* The sources of the configuration; all strings are borrowed. */
struct app_sources {
  const char *file;               /* absolute; NULL: none */
  bool file_optional;             /* may be absent, because it is the default file */
  const char *directory;          /* base of relative paths; absolute, or "": relative paths are refused */
  const char *const *environment; /* as environ; NULL: none */
  const char *option_values[APP_KEY_COUNT]; /* from the command line; NULL: not given */
};

/* Reads the whole configuration. Returns 0, or -1 with the reason in error and *out untouched. For a file,
 * the reason has its name and line. warn is called for unknown MINISHOP_ variables, for OTEL_ variables that
 * are probably misspelled, and for an unusable incident file, which is ignored. Without warn (NULL: a reload)
 * such an incident file is an error. Reads files: blocks. */
int app_config_load(const struct app_sources *sources, tel_warn_fn *warn, void *cls, struct app_config *out,
                    struct error *error);

/* Writes the place that the value of a key came from, for messages: "FILE:LINE", the name of a variable, "the
 * command line" or "the default". Returns out. */
enum { APP_ORIGIN_SIZE = APP_TEXT_SIZE + 16 };
const char *app_config_origin(const struct app_config *config, const struct app_sources *sources,
                              enum app_key_id id, char out[APP_ORIGIN_SIZE]);
/* Puts that place before the error's text. */
void app_config_blame(const struct app_config *config, const struct app_sources *sources, enum app_key_id id,
                      struct error *error);

/* The file that the log goes to, or NULL. */
const char *app_config_log_file(const struct app_config *config);

/* Sets all defaults. */
void app_config_init(struct app_config *config);
/* Sets error to "unknown setting" and the setting or group that was probably meant. */
void app_unknown_setting(const char *path, struct error *error);

/* Copies from next the settings that may change while the service runs. Writes the paths of the other changed
 * keys to restart, separated by ", " and truncated to its size. */
void app_config_reload(struct app_config *config, const struct app_config *next, char *restart,
                       size_t restart_size);

#endif
