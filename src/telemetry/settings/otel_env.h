/* SPDX-License-Identifier: MIT */
/* Shared by what reads OTEL_* variables. Internal to src/telemetry. */
#ifndef TELEMETRY_SETTINGS_OTEL_ENV_H
#define TELEMETRY_SETTINGS_OTEL_ENV_H

#include "telemetry/settings/otel_variables.h"
#include "telemetry/traces/tracing.h"

enum { TEL_ENV_SIZE = 16384 };

/* The environment and where to complain, as tel_tracing_settings_environment() gets them. */
struct tel_env {
  tel_getenv_fn *get;
  void *get_cls;
  tel_warn_fn *warn; /* or NULL */
  void *warn_cls;
  char value[TEL_ENV_SIZE]; /* of the last variable that was read */
};

/* One variable: what people are told about it, and how it gets into the settings. */
struct tel_row {
  struct tel_variable variable;
  /* Takes text, or says why not. Returns whether it was taken. */
  bool (*read)(struct tel_env *env, const struct tel_row *row, const char *text,
               struct tel_tracing_settings *settings);
  size_t offset;        /* of the row's field in the settings */
  size_t size;          /* of a text's field */
  uint32_t least, most; /* of a number */
};

/* The variable's value without white space around it; NULL if it is unset, empty or too long (reported). It
 * lives until the next call. */
const char *tel_env_get(struct tel_env *env, const char *name);
/* Tells a person about a variable: its name, a colon, the text. */
void tel_env_say(const struct tel_env *env, const struct tel_row *row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Says that the value is not one that the variable takes. Returns false. */
bool tel_env_refuse(const struct tel_env *env, const struct tel_row *row, const char *text);
/* Finds text in any case among count words. Returns the index, or -1. */
int tel_env_word(const char *text, size_t len, const char *const *words, int count);

bool tel_env_number(struct tel_env *env, const struct tel_row *row, const char *text,
                    struct tel_tracing_settings *settings);
bool tel_env_text(struct tel_env *env, const struct tel_row *row, const char *text,
                  struct tel_tracing_settings *settings);
/* Reads a list of pairs into the row's field, without those that check refuses. False: none is left. */
bool tel_env_pairs(struct tel_env *env, const struct tel_row *row, const char *text,
                   struct tel_tracing_settings *settings,
                   const char *(*check)(void *cls, const char *key, const char *value));

#define TEL_ROW_FIELD(field) offsetof(struct tel_tracing_settings, field)
#define TEL_ROW_NUMBER(name, default, field, least, most, help)                                              \
  {                                                                                                          \
    {name, "a whole number from " #least " to " #most, default, help}, tel_env_number, TEL_ROW_FIELD(field), \
        0, least, most                                                                                       \
  }

/* What is wrong with a header: its name must be a token, and its value have no control characters, so that
 * nothing can begin another header. NULL: nothing. */
const char *tel_header_check(const char *name, const char *value);

/* The two tables, in the order of reading: the general variable before the specific one, which wins. */
extern const struct tel_row tel_rows_traces[], tel_rows_otlp[];
extern const size_t tel_rows_traces_count, tel_rows_otlp_count;

#endif
