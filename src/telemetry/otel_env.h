/* Shared by what reads settings. Internal to src/telemetry. */
#ifndef TELEMETRY_OTEL_ENV_H
#define TELEMETRY_OTEL_ENV_H

#include "telemetry/tracing.h"

/* A URL that libcurl understands, of http or https. Allocates. */
bool tel_endpoint_valid(const char *url);

/* The environment and where to complain, as tel_tracing_settings_environment() gets them. */
struct tel_env {
  tel_getenv_fn *get;
  void *get_cls;
  tel_warn_fn *warn; /* or NULL */
  void *warn_cls;
};

/* The variable's value; NULL if it is unset or empty. */
const char *tel_env_get(const struct tel_env *env, const char *name);
/* Says that a variable is ignored, and why. */
void tel_env_ignored(const struct tel_env *env, const char *name, const char *why);

/* Each leaves out as it is if the variable is unset, or is bad (reported). Return whether it was set. */
bool tel_env_bool(const struct tel_env *env, const char *name, bool *out);
bool tel_env_number(const struct tel_env *env, const char *name, uint32_t least, uint32_t *out);
bool tel_env_text(const struct tel_env *env, const char *name, char *out, size_t size);
/* One of count words, in any case, to its index. */
bool tel_env_word(const struct tel_env *env, const char *name, const char *const *words, int count, int *out);

/* A token, and a value without control characters: nothing that could begin another header. */
bool tel_header_valid(const char *name, const char *value);

/* The variables of the OTLP exporter. */
void tel_env_otlp(const struct tel_env *env, struct tel_tracing_settings *settings);

#endif
