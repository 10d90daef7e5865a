/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "telemetry/otlp/endpoint.h"
#include "telemetry/settings/otel_env.h"

const char *tel_header_check(const char *name, const char *value) {
  static const char *const own[] = {"Content-Length", "Content-Type", "Content-Encoding",
                                    "Transfer-Encoding"};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (text_same(name, own[i])) return "the exporter sets this header itself";
  if (!*name) return "a header needs a name";
  for (const char *c = name; *c; c++)
    if (!text_is_alnum(*c) && !strchr("!#$%&'*+-.^_`|~", *c))
      return "a header's name has letters, digits and hyphens only, and \"=\" behind it";
  for (const char *c = value; *c; c++)
    if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
      return "its value holds a control character, such as the end of a line";
  return NULL;
}

static bool read_headers(struct tel_env *env, const struct tel_row *row, const char *text,
                         struct tel_tracing_settings *settings) {
  return tel_env_pairs(env, row, text, settings, tel_header_check);
}

static bool refuse_url(const struct tel_env *env, const struct tel_row *row, const char *url, bool base) {
  char shown[TEL_ENDPOINT_SHOWN_SIZE], advice[TEL_ENDPOINT_ADVICE_SIZE];
  const char *hint = tel_endpoint_valid(url) ? NULL : tel_endpoint_advice(url, base, advice);
  tel_env_say(env, row, "invalid value '%s' (%s); the variable is ignored%s%s", tel_endpoint_show(url, shown),
              row->variable.takes, hint ? "; " : "", hint ? hint : "");
  return false;
}

static bool take_url(const struct tel_env *env, const struct tel_row *row, const char *url, bool base,
                     const struct tel_tracing_settings *settings) {
  char advice[TEL_ENDPOINT_ADVICE_SIZE];
  if (settings->exporter == TEL_EXPORTER_OTLP && tel_endpoint_advice(url, base, advice))
    tel_env_say(env, row, "%s", advice);
  return true;
}

static bool read_base(struct tel_env *env, const struct tel_row *row, const char *url,
                      struct tel_tracing_settings *settings) {
  if (tel_tracing_settings_endpoint(settings, url) != TEL_OK) return refuse_url(env, row, url, true);
  return take_url(env, row, url, true, settings);
}

/* The URL is used unchanged. If it has no path, libcurl requests "/". */
static bool read_url(struct tel_env *env, const struct tel_row *row, const char *url,
                     struct tel_tracing_settings *settings) {
  if (strlen(url) >= sizeof settings->endpoint || !tel_endpoint_valid(url))
    return refuse_url(env, row, url, false);
  strcpy(settings->endpoint, url);
  return take_url(env, row, url, false, settings);
}

static bool read_compression(struct tel_env *env, const struct tel_row *row, const char *text,
                             struct tel_tracing_settings *settings) {
  static const char *const words[] = {"none", "gzip"};
  int word = tel_env_word(text, strlen(text), words, 2);
  if (word < 0) return tel_env_refuse(env, row, text);
  settings->gzip = word == 1;
  return true;
}

/* The variable is read only to warn, because the exporter has only one protocol. */
static bool read_protocol(struct tel_env *env, const struct tel_row *row, const char *text,
                          struct tel_tracing_settings *settings) {
  static const char *const words[] = {"http/protobuf"};
  char shown[TEXT_SHOWN_SIZE];
  (void)settings;
  if (tel_env_word(text, strlen(text), words, 1) == 0) return true;
  tel_env_say(env, row,
              "invalid value '%s' (%s); spans are sent as http/protobuf: let the endpoint be the collector's "
              "receiver of OTLP over HTTP, usually port 4318",
              text_show(text, strlen(text), shown), row->variable.takes);
  return false;
}

/* The name of an unreadable file is kept, because the file may be created later. */
static bool read_file_name(struct tel_env *env, const struct tel_row *row, const char *text,
                           struct tel_tracing_settings *settings) {
  char shown[TEXT_SHOWN_SIZE];
  if (access(text, R_OK) != 0)
    tel_env_say(env, row, "cannot read the file '%s': %m", text_show(text, strlen(text), shown));
  return tel_env_text(env, row, text, settings);
}

#define GENERAL "OTEL_EXPORTER_OTLP_"
#define SPECIFIC "OTEL_EXPORTER_OTLP_TRACES_"
/* A variable for all signals, and one for traces. The second one overrides the first. */
#define BOTH(suffix, takes, fallback, help, ...)                                                             \
  {{GENERAL suffix, takes, fallback, help}, __VA_ARGS__}, {                                                  \
    {SPECIFIC suffix, takes, GENERAL suffix, help " (traces)"}, __VA_ARGS__                                  \
  }

const struct tel_row tel_rows_otlp[] = {
    {{GENERAL "ENDPOINT", "an http or https URL without a query",
      "the program's setting, or http://localhost:4318", "base URL of the collector; v1/traces is appended"},
     read_base,
     TEL_ROW_TEXT(endpoint)},
    {{SPECIFIC "ENDPOINT", "an http or https URL", "built from OTEL_EXPORTER_OTLP_ENDPOINT",
      "whole URL for the spans; nothing is appended"},
     read_url,
     TEL_ROW_TEXT(endpoint)},
    BOTH("HEADERS", "name=value,name=value, percent-encoded", "none", "headers of each request; secret",
         read_headers, TEL_ROW_TEXT(headers)),
    BOTH("TIMEOUT", "a whole number from 0 to 4294967295", "10000",
         "milliseconds for one export with its retries; 0: no limit", tel_env_number,
         TEL_ROW_FIELD(timeout_ms), 0, 0, UINT32_MAX),
    BOTH("COMPRESSION", "one of: none, gzip", "none", "compression of the requests", read_compression,
         TEL_ROW_TEXT(gzip)),
    BOTH("CERTIFICATE", "a file name", "the system's certificates", "PEM file of the trusted CA certificates",
         read_file_name, TEL_ROW_TEXT(certificate)),
    BOTH("CLIENT_KEY", "a file name", "none", "PEM file of the client's private key", read_file_name,
         TEL_ROW_TEXT(client_key)),
    BOTH("CLIENT_CERTIFICATE", "a file name", "none", "PEM file of the client's certificate", read_file_name,
         TEL_ROW_TEXT(client_certificate)),
    BOTH("PROTOCOL", "only: http/protobuf", "http/protobuf", "protocol of the export", read_protocol, 0, 0, 0,
         0),
};
const size_t tel_rows_otlp_count = sizeof tel_rows_otlp / sizeof *tel_rows_otlp;
