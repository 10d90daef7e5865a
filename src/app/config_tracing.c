/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "app/config_tracing.h"

#include <string.h>

#include "telemetry/otlp/endpoint.h"
#include "telemetry/otlp/proxy.h"
#include "telemetry/settings/otel_variables.h"

int app_tracing_settings(const struct app_config *config, tel_warn_fn *warn, void *cls,
                         struct tel_tracing_settings *out, struct error *error) {
  char configured[sizeof out->endpoint], advice[TEL_ENDPOINT_ADVICE_SIZE], text[2 * TEL_ENDPOINT_ADVICE_SIZE];
  tel_tracing_settings_init(out);
  snprintf(out->service_name, sizeof out->service_name, "%s", PACKAGE_NAME);
  snprintf(out->scope_name, sizeof out->scope_name, "%s", PACKAGE_NAME);
  snprintf(out->scope_version, sizeof out->scope_version, "%s", PACKAGE_VERSION);
  if (tel_tracing_settings_endpoint(out, config->traces_endpoint) != TEL_OK) {
    error_set(error, "cannot set up tracing: out of memory"); /* the URL was checked when it was read */
    return -1;
  }
  memcpy(configured, out->endpoint, sizeof configured);
  out->recent_bytes = config->traces_recent_bytes;
  tel_tracing_settings_environment(out, tel_getenv, NULL, warn, cls);
  if (!config->traces_enabled) {
    /* Requests keep their ids, for headers and logs; nothing is recorded. */
    out->exporter = TEL_EXPORTER_NONE;
    out->sampler = TEL_SAMPLER_ALWAYS_OFF;
    out->parent_based = false;
    out->recent_bytes = 0;
  }
  if (warn && out->exporter == TEL_EXPORTER_OTLP && strcmp(configured, out->endpoint) == 0 &&
      config->origin[APP_KEY_traces_endpoint].source != APP_FROM_DEFAULT &&
      tel_endpoint_advice(config->traces_endpoint, true, advice)) {
    snprintf(text, sizeof text, "traces.endpoint: %s", advice);
    warn(cls, text);
  }
  return 0;
}

static void print_variable(void *cls, const struct tel_variable *variable, enum tel_variable_state state,
                           const char *value) {
  static const char *const origins[] = {[TEL_VARIABLE_UNSET] = "the default",
                                        [TEL_VARIABLE_TAKEN] = "the environment",
                                        [TEL_VARIABLE_IGNORED] = "the default; the environment's is ignored"};
  fprintf(cls, "# %s = %s # %s\n", variable->name, state == TEL_VARIABLE_TAKEN ? value : variable->fallback,
          origins[state]);
}

void app_tracing_print(const struct tel_tracing_settings *settings, FILE *out) {
  char shown[TEL_ENDPOINT_SHOWN_SIZE];
  struct tel_proxy proxy = {.shown = ""};
  if (settings->exporter == TEL_EXPORTER_OTLP) tel_proxy_find(settings->endpoint, tel_getenv, NULL, &proxy);
  fputs("\n# OpenTelemetry's variables, which override traces.endpoint:\n", out);
  if (tel_variables_show(tel_getenv, NULL, print_variable, out) != 0) fputs("# (out of memory)\n", out);
  fprintf(out, "# Spans go to %s",
          settings->exporter == TEL_EXPORTER_OTLP      ? tel_endpoint_show(settings->endpoint, shown)
          : settings->exporter == TEL_EXPORTER_CONSOLE ? "standard output"
                                                       : "nowhere");
  fprintf(out, *proxy.shown ? ", through the proxy %s unless no_proxy holds the host\n" : "\n", proxy.shown);
  if (settings->recent_bytes) fputs("# Recent traces are kept in memory, for GET /debug/tracez\n", out);
}

void app_tracing_help(FILE *out) {
  const struct tel_variable *variable;
  fputs("\nOpenTelemetry's variables. A bad value is ignored with a warning:\n", out);
  for (size_t i = 0; (variable = tel_variable_at(i)); i++)
    fprintf(out, "  %s\n      %s\n      takes: %s\n      default: %s\n", variable->name, variable->help,
            variable->takes, variable->fallback);
}
