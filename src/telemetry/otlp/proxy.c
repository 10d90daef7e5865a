/* SPDX-License-Identifier: MIT */
#include "telemetry/otlp/proxy.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "telemetry/otlp/endpoint.h"

typedef const char *get_fn(void *cls, const char *name);

/* Copies the trimmed value of the first variable that has one. Returns its name, or NULL. */
static const char *first_of(const char *const *names, get_fn *get, void *cls, char *out, size_t size) {
  for (; *names; names++) {
    const char *value = get(cls, *names), *begin;
    size_t len = value ? text_trim(value, strlen(value), &begin) : 0;
    if (len == 0 || len >= size) continue;
    memcpy(out, begin, len);
    out[len] = '\0';
    return *names;
  }
  out[0] = '\0';
  return NULL;
}

static void describe(const char *variable, struct tel_proxy *proxy) {
  char *host = NULL, *port = NULL, *scheme = NULL;
  CURLU *url = curl_url();
  proxy->port = 1080; /* libcurl's default */
  if (url &&
      curl_url_set(url, CURLUPART_URL, proxy->url, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) ==
          CURLUE_OK &&
      curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK) {
    if (curl_url_get(url, CURLUPART_PORT, &port, 0) == CURLUE_OK) proxy->port = strtol(port, NULL, 10);
    snprintf(proxy->host, sizeof proxy->host, "%s", host);
    snprintf(proxy->shown, sizeof proxy->shown, "%.16s://%.120s:%ld (%s)", scheme, host, proxy->port,
             variable);
  } else {
    snprintf(proxy->shown, sizeof proxy->shown, "of %s, which is not a URL", variable);
  }
  curl_free(host);
  curl_free(port);
  curl_free(scheme);
  curl_url_cleanup(url);
}

void tel_proxy_find(const char *url, get_fn *get, void *cls, struct tel_proxy *out) {
  /* libcurl reads http_proxy only in lower case, because a web server sets HTTP_PROXY from a request's
   * header. */
  static const char *const plain[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL},
                           *const secure[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL},
                           *const except[] = {"no_proxy", "NO_PROXY", NULL};
  *out = (struct tel_proxy){.port = 0};
  if (tel_endpoint_loopback(url)) return;
  const char *variable =
      first_of(text_same_start(url, "https:", 6) ? secure : plain, get, cls, out->url, sizeof out->url);
  if (!variable) return;
  first_of(except, get, cls, out->except, sizeof out->except);
  describe(variable, out);
}
