#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "telemetry/keyvalues.h"
#include "telemetry/otel_env.h"

static void read_endpoint(const struct tel_env *env, struct tel_tracing_settings *settings) {
  static const char specific[] = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                    general[] = "OTEL_EXPORTER_OTLP_ENDPOINT";
  static const char why[] = "not an http or https URL, or too long";
  const char *url = tel_env_get(env, specific);
  if (url && strlen(url) < sizeof settings->endpoint && tel_endpoint_valid(url)) {
    strcpy(settings->endpoint, url); /* as it is; without a path libcurl asks for "/" */
    return;
  }
  if (url) tel_env_ignored(env, specific, why);
  url = tel_env_get(env, general);
  if (url && tel_tracing_settings_endpoint(settings, url) != TEL_OK) tel_env_ignored(env, general, why);
}

bool tel_header_valid(const char *name, const char *value) {
  for (const char *c = name; *c; c++)
    if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c)) return false;
  for (const char *c = value; *c; c++)
    if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) return false;
  return *name != '\0';
}

static bool check_header(void *cls, const char *name, const char *value) {
  (void)cls;
  return tel_header_valid(name, value);
}

static void read_headers(const struct tel_env *env, const char *name, struct tel_tracing_settings *settings) {
  const char *text = tel_env_get(env, name);
  if (text && !tel_keyvalues_read(text, check_header, NULL))
    tel_env_ignored(env, name, "not name=value,name=value with percent-encoded values");
  else
    tel_env_text(env, name, settings->headers, sizeof settings->headers);
}

/* The variables that begin with this prefix. */
static void read_prefix(const struct tel_env *env, const char *prefix,
                        struct tel_tracing_settings *settings) {
  static const char *const compressions[] = {"none", "gzip"}, *const protocols[] = {"http/protobuf"};
  char name[64];
  int word;
#define NAME(suffix) (snprintf(name, sizeof name, "%s" suffix, prefix), name)
  read_headers(env, NAME("HEADERS"), settings);
  tel_env_number(env, NAME("TIMEOUT"), 0, &settings->timeout_ms);
  if (tel_env_word(env, NAME("COMPRESSION"), compressions, 2, &word)) settings->gzip = word == 1;
  tel_env_text(env, NAME("CERTIFICATE"), settings->certificate, sizeof settings->certificate);
  tel_env_text(env, NAME("CLIENT_KEY"), settings->client_key, sizeof settings->client_key);
  tel_env_text(env, NAME("CLIENT_CERTIFICATE"), settings->client_certificate,
               sizeof settings->client_certificate);
  /* Read only to warn: there is one protocol. */
  tel_env_word(env, NAME("PROTOCOL"), protocols, 1, &word);
#undef NAME
}

void tel_env_otlp(const struct tel_env *env, struct tel_tracing_settings *settings) {
  read_endpoint(env, settings);
  /* The general ones first: those of traces win. */
  read_prefix(env, "OTEL_EXPORTER_OTLP_", settings);
  read_prefix(env, "OTEL_EXPORTER_OTLP_TRACES_", settings);
}
