/* SPDX-License-Identifier: MIT */
/* Shared by the files that read OTEL_* variables. */
#ifndef TELEMETRY_SETTINGS_OTEL_ENV_H
#define TELEMETRY_SETTINGS_OTEL_ENV_H

#include "telemetry/settings/otel_variables.h"
#include "telemetry/settings/tracing_settings.h"

enum { TEL_ENV_SIZE = 16384 };

/* The environment and the receiver of warnings, as passed to tel_tracing_settings_environment(). */
struct tel_env {
  tel_getenv_fn *get;
  void *get_cls;
  tel_warn_fn *warn; /* or NULL */
  void *warn_cls;
  char value[TEL_ENV_SIZE]; /* the value of the last variable */
};

/* One variable: its description for people, and how to store it in the settings. */
struct tel_row {
  struct tel_variable variable;
  /* Stores text, or reports why it is invalid. Returns whether it was stored. */
  bool (*read)(struct tel_env *env, const struct tel_row *row, const char *text,
               struct tel_tracing_settings *settings);
  size_t offset;        /* of the row's field in the settings */
  size_t size;          /* of a text's field */
  uint32_t least, most; /* of a number */
};

/* The variable's trimmed value; NULL if it is unset, empty or too long (reported). Valid until the next call.
 */
const char *tel_env_get(struct tel_env *env, const char *name);
/* Reports a text about a variable. The variable's name and a colon precede it. */
void tel_env_say(const struct tel_env *env, const struct tel_row *row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Reports that the value is invalid. Returns false. */
bool tel_env_refuse(const struct tel_env *env, const struct tel_row *row, const char *text);
/* Finds text among count words, ignoring case. Returns the index, or -1. */
int tel_env_word(const char *text, size_t len, const char *const *words, int count);

bool tel_env_number(struct tel_env *env, const struct tel_row *row, const char *text,
                    struct tel_tracing_settings *settings);
bool tel_env_text(struct tel_env *env, const struct tel_row *row, const char *text,
                  struct tel_tracing_settings *settings);
/* Reads a list of pairs into the row's field, without the pairs that check refuses. Returns false if no pair
 * is left. */
bool tel_env_pairs(struct tel_env *env, const struct tel_row *row, const char *text,
                   struct tel_tracing_settings *settings,
                   const char *(*check)(const char *key, const char *value));

#define TEL_ROW_FIELD(field) offsetof(struct tel_tracing_settings, field)
/* The end of a row whose field is a text. */
#define TEL_ROW_TEXT(field) TEL_ROW_FIELD(field), sizeof((struct tel_tracing_settings *)0)->field, 0, 0

/* Checks a header. Returns NULL or the error. The name must be a token, and the value must not hold control
 * characters, so that it cannot begin another header. */
const char *tel_header_check(const char *name, const char *value);

/* The two tables, in the order of reading: the specific variable comes after the general one and overrides
 * it. */
extern const struct tel_row tel_rows_traces[], tel_rows_otlp[];
extern const size_t tel_rows_traces_count, tel_rows_otlp_count;

#endif
