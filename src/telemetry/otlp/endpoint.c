/* SPDX-License-Identifier: MIT */
#include "telemetry/otlp/endpoint.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* The parts of a URL that are needed here; "" for an absent part. */
struct parts {
  char scheme[16], host[TEL_ENDPOINT_SHOWN_SIZE], port[8], path[TEL_ENDPOINT_SHOWN_SIZE];
};

static void take_part(CURLU *url, CURLUPart what, char *out, size_t size) {
  char *text = NULL;
  out[0] = '\0';
  if (curl_url_get(url, what, &text, 0) == CURLUE_OK) snprintf(out, size, "%s", text);
  curl_free(text);
}

static bool split(const char *url, struct parts *out) {
  CURLU *parsed = curl_url();
  bool valid = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK;
  if (valid) {
    take_part(parsed, CURLUPART_SCHEME, out->scheme, sizeof out->scheme);
    take_part(parsed, CURLUPART_HOST, out->host, sizeof out->host);
    take_part(parsed, CURLUPART_PORT, out->port, sizeof out->port);
    take_part(parsed, CURLUPART_PATH, out->path, sizeof out->path);
  }
  curl_url_cleanup(parsed);
  return valid;
}

bool tel_endpoint_valid(const char *url) {
  struct parts parts;
  return split(url, &parts) && (strcmp(parts.scheme, "http") == 0 || strcmp(parts.scheme, "https") == 0);
}

const char *tel_endpoint_show(const char *url, char out[TEL_ENDPOINT_SHOWN_SIZE]) {
  struct parts parts;
  char plain[TEXT_SHOWN_SIZE];
  if (split(url, &parts)) {
    snprintf(out, TEL_ENDPOINT_SHOWN_SIZE, "%s://%.150s%s%.7s%.60s", parts.scheme, parts.host,
             *parts.port ? ":" : "", parts.port, parts.path);
  } else if (strpbrk(url, "@?#")) {
    snprintf(out, TEL_ENDPOINT_SHOWN_SIZE, "(hidden: it may hold a password)");
  } else {
    snprintf(out, TEL_ENDPOINT_SHOWN_SIZE, "%s", text_show(url, strlen(url), plain));
  }
  return out;
}

bool tel_endpoint_loopback(const char *url) {
  static const char *const names[] = {"localhost", "localhost.", "ip6-localhost",    "0.0.0.0",
                                      "[::1]",     "[::]",       "[0:0:0:0:0:0:0:1]"};
  static const char under[] = ".localhost";
  struct parts parts;
  if (!split(url, &parts)) return false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (text_same(parts.host, names[i])) return true;
  size_t len = strlen(parts.host);
  if (len >= sizeof under && text_same(parts.host + len - (sizeof under - 1), under)) return true;
  /* libcurl has already expanded "127.1" to four numbers, so a host that begins with "127." and holds a
   * letter is a name. */
  if (text_same_start(parts.host, "[::ffff:127.", 12)) return true;
  return strncmp(parts.host, "127.", 4) == 0 && parts.host[strspn(parts.host, "0123456789.")] == '\0';
}

/* The path of a signal at the end of this path, or NULL. */
static const char *signal_path(const char *path) {
  static const char *const known[] = {"/v1/traces", "/v1/metrics", "/v1/logs", "/v1"};
  size_t len = strlen(path);
  while (len > 0 && path[len - 1] == '/') len--;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    size_t size = strlen(known[i]);
    if (len >= size && strncmp(path + len - size, known[i], size) == 0) return known[i] + 1;
  }
  return NULL;
}

/* Advice for an invalid URL. NULL if its intended meaning is unclear, or if it may hold a password. */
static const char *advise_invalid(const char *url, char out[TEL_ENDPOINT_ADVICE_SIZE]) {
  struct parts parts;
  char guess[TEL_ENDPOINT_SHOWN_SIZE];
  const char *rest = strstr(url, "://");
  bool grpc = rest && text_same_start(url, "grpc", 4);
  if (*url == '"' || *url == '\'') {
    snprintf(out, TEL_ENDPOINT_ADVICE_SIZE, "write it without quotes");
    return out;
  }
  int len = snprintf(guess, sizeof guess, "http://%s", grpc ? rest + 3 : url);
  if ((!grpc && strstr(url, ":/")) || strpbrk(url, "@?# ") || len >= (int)sizeof guess ||
      !tel_endpoint_valid(guess) || !split(guess, &parts))
    return NULL;
  if (grpc || strcmp(parts.port, "4317") == 0)
    snprintf(out, TEL_ENDPOINT_ADVICE_SIZE,
             "spans are sent as OTLP over HTTP, not over gRPC: write http://%.200s:4318", parts.host);
  else
    snprintf(out, TEL_ENDPOINT_ADVICE_SIZE, "write %s", guess);
  return out;
}

const char *tel_endpoint_advice(const char *url, bool base, char out[TEL_ENDPOINT_ADVICE_SIZE]) {
  struct parts parts;
  char shown[TEL_ENDPOINT_SHOWN_SIZE];
  if (!tel_endpoint_valid(url)) return advise_invalid(url, out);
  if (!split(url, &parts)) return NULL;
  tel_endpoint_show(url, shown);
  const char *signal = signal_path(parts.path);
  if (strcmp(parts.port, "4317") == 0)
    snprintf(
        out, TEL_ENDPOINT_ADVICE_SIZE,
        "port 4317 of %.200s is usually for OTLP over gRPC, and spans are sent as OTLP over HTTP: try port "
        "4318",
        shown);
  else if (base && signal)
    snprintf(out, TEL_ENDPOINT_ADVICE_SIZE,
             "v1/traces is appended to %.120s: leave %s out here, or set the whole URL in "
             "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
             shown, signal);
  else if (signal && strcmp(signal, "v1/traces") != 0)
    snprintf(out, TEL_ENDPOINT_ADVICE_SIZE,
             "%.150s is not a path for spans: nothing is appended to it, and a collector takes spans at "
             "/v1/traces",
             shown);
  else if (!base && (!*parts.path || strcmp(parts.path, "/") == 0))
    snprintf(out, TEL_ENDPOINT_ADVICE_SIZE,
             "%.150s has no path, and nothing is appended to it: a collector takes spans at /v1/traces",
             shown);
  else
    return NULL;
  return out;
}
