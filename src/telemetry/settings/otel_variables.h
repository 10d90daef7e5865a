/* SPDX-License-Identifier: MIT */
/* The OTEL_* variables, for people: allowed values, defaults and effective values. One table for --help,
 * --check-config and the documents. */
#ifndef TELEMETRY_SETTINGS_OTEL_VARIABLES_H
#define TELEMETRY_SETTINGS_OTEL_VARIABLES_H

#include <stddef.h>

#include "telemetry/settings/tracing_settings.h"

struct tel_variable {
  const char *name;
  const char *takes;
  const char *fallback; /* the default, for people */
  const char *help;
};

/* The i-th variable; NULL after the last. */
const struct tel_variable *tel_variable_at(size_t i);

/* The variable that a misspelled name of len bytes (OTEL_...) probably means; NULL if the name is known, or
 * if it belongs to variables that are not read here (OTEL_LOGS_..., OTEL_METRICS_...). */
const char *tel_variable_similar(const char *name, size_t len);

enum tel_variable_state { TEL_VARIABLE_UNSET, TEL_VARIABLE_TAKEN, TEL_VARIABLE_IGNORED };
/* value: for people, bounded, without secrets; "" unless taken. */
typedef void tel_variable_fn(void *cls, const struct tel_variable *variable, enum tel_variable_state state,
                             const char *value);
/* Passes each variable to show(), with its state in this environment. Allocates. TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_variables_show(tel_getenv_fn *get, void *get_cls, tel_variable_fn *show, void *cls);

#endif
