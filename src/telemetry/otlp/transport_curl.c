/* SPDX-License-Identifier: MIT */
#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "config.h"
#include "telemetry/otlp/proxy.h"
#include "telemetry/otlp/transport.h"
#include "telemetry/settings/keyvalues.h"
#include "telemetry/settings/otel_env.h"

/* Uses the multi interface for single transfers, because another thread can wake its poll at once. A progress
 * callback would run only about once a second. */
struct link {
  CURL *easy;
  CURLM *multi;
  struct curl_slist *headers;
  struct tel_response *response; /* of the running request */
  bool header_whole;             /* of the response */
  struct tel_proxy proxy;
  char error[CURL_ERROR_SIZE];
  _Atomic bool stopping;
  _Atomic uint64_t stop_deadline; /* UINT64_MAX until then */
};

/* Keeps the value if this line is the header. Cuts a long value. */
static void keep_header(const char *line, size_t len, const char *name, char *out, size_t size) {
  const char *value;
  size_t skip = strlen(name);
  if (len <= skip || !text_same_start(line, name, skip)) return;
  size_t value_len = text_trim(line + skip, len - skip, &value);
  snprintf(out, size, "%.*s", (int)value_len, value);
}

static size_t on_header(char *line, size_t size, size_t count, void *cls) {
  struct link *link = cls;
  struct tel_response *response = link->response;
  size_t len = size * count;
  if (len >= 5 && text_same_start(line, "http/", 5)) {
    response->retry_after[0] = response->type[0] = '\0';
    link->header_whole = false;
  } else if (len == 1 || (len == 2 && *line == '\r')) {
    link->header_whole = true;
  }
  keep_header(line, len, "retry-after:", response->retry_after, sizeof response->retry_after);
  keep_header(line, len, "content-type:", response->type, sizeof response->type);
  return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *cls) {
  struct link *link = cls;
  buf_append(&link->response->body, data, size * count);
  return buf_failed(&link->response->body) ? 0 : size * count; /* 0 makes libcurl fail */
}

/* Errors that may be temporary. Others (a bad certificate, no memory) are not. */
static bool is_connection(CURLcode code) {
  switch (code) {
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_CONNECT:
  case CURLE_OPERATION_TIMEDOUT:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_GOT_NOTHING:
  case CURLE_PARTIAL_FILE:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM:
  case CURLE_WEIRD_SERVER_REPLY:
    return true;
  default:
    return false;
  }
}

/* Advice for a failure if libcurl's text has none. */
static const char *advice(CURLcode code) {
  switch (code) {
  case CURLE_COULDNT_CONNECT:
    return "; does a collector listen there? Without one: OTEL_TRACES_EXPORTER=none";
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_WEIRD_SERVER_REPLY:
    return "; is it a port for gRPC? OTLP over HTTP is usually at port 4318";
  case CURLE_PEER_FAILED_VERIFICATION:
    return "; name the CA's file in OTEL_EXPORTER_OTLP_CERTIFICATE, and a host of its certificate in the URL";
  case CURLE_SSL_CONNECT_ERROR:
    return "; does the server speak https?";
  default:
    return "";
  }
}

static int ms_until(uint64_t deadline) {
  uint64_t now = clock_mono_ns(), longest = 60 * 1000;
  if (now >= deadline) return 0;
  uint64_t ms = (deadline - now) / CLOCK_NS_PER_MS + 1;
  return (int)(ms < longest ? ms : longest);
}

/* Runs the transfer to its end or the deadline. Time in which the process was stopped does not count, because
 * the response may have arrived meanwhile. */
static CURLcode perform(struct link *link, uint64_t deadline) {
  int running = 1, messages;
  for (;;) {
    if (curl_multi_perform(link->multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
    if (!running) break;
    uint64_t stop = atomic_load(&link->stop_deadline);
    int wait = ms_until(stop < deadline ? stop : deadline);
    if (wait == 0) return CURLE_OPERATION_TIMEDOUT;
    uint64_t begin = clock_mono_ns();
    if (curl_multi_poll(link->multi, NULL, 0, wait, NULL) != CURLM_OK) return CURLE_FAILED_INIT;
    uint64_t stopped = clock_stopped_ns(clock_mono_ns() - begin, (uint64_t)wait * CLOCK_NS_PER_MS);
    deadline = deadline < UINT64_MAX - stopped ? deadline + stopped : UINT64_MAX;
  }
  for (CURLMsg *message; (message = curl_multi_info_read(link->multi, &messages));)
    if (message->msg == CURLMSG_DONE) return message->data.result;
  return CURLE_FAILED_INIT;
}

/* libcurl does not report whether no_proxy excluded the proxy. Derive it from the port and from libcurl's
 * messages. */
static void name_proxy(struct link *link, struct tel_response *response) {
  long port = 0;
  if (!*link->proxy.url) return;
  curl_easy_getinfo(link->easy, CURLINFO_PRIMARY_PORT, &port);
  if (port == link->proxy.port ||
      (*link->proxy.host ? strstr(link->error, link->proxy.host) != NULL : port <= 0))
    snprintf(response->via, sizeof response->via, "%s", link->proxy.shown);
}

static void post(void *cls, const void *body, size_t len, uint64_t deadline, struct tel_response *response) {
  struct link *link = cls;
  long status = 0;
  link->response = response;
  link->header_whole = false;
  link->error[0] = response->retry_after[0] = response->type[0] = response->via[0] = response->text[0] = '\0';
  buf_reset(&response->body);
  curl_easy_setopt(link->easy, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(link->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
  CURLcode code = CURLE_FAILED_INIT;
  if (curl_multi_add_handle(link->multi, link->easy) == CURLM_OK) {
    code = perform(link, deadline);
    /* libcurl accepts a truncated header as a complete response. */
    if (code == CURLE_OK && !link->header_whole) code = CURLE_GOT_NOTHING;
    if (code == CURLE_OK) curl_easy_getinfo(link->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(link->multi, link->easy);
  }
  response->status = (int)status;
  response->connection = is_connection(code);
  name_proxy(link, response);
  if (code == CURLE_OK) return;
  const char *said = link->error[0] ? link->error : curl_easy_strerror(code);
  if (buf_failed(&response->body))
    snprintf(response->text, sizeof response->text, "the response is too large");
  else if (*link->proxy.url && strstr(said, link->proxy.url)) /* the text would show the proxy's password */
    snprintf(response->text, sizeof response->text, "the proxy cannot be used: it takes http://HOST:PORT");
  else
    snprintf(response->text, sizeof response->text, "%s%s", said, *response->via ? "" : advice(code));
}

static void pause_until(void *cls, uint64_t until) {
  struct link *link = cls;
  for (int wait; !atomic_load(&link->stopping) && (wait = ms_until(until)) > 0;)
    if (curl_multi_poll(link->multi, NULL, 0, wait, NULL) != CURLM_OK) return;
}

static uint64_t mono(void *cls) {
  (void)cls;
  return clock_mono_ns();
}

static uint64_t unix_time(void *cls) {
  (void)cls;
  return clock_unix_ns();
}

static bool stopping(void *cls) {
  struct link *link = cls;
  return atomic_load(&link->stopping);
}

static void stop(void *cls, uint64_t deadline) {
  struct link *link = cls;
  atomic_store(&link->stop_deadline, deadline);
  atomic_store(&link->stopping, true);
  curl_multi_wakeup(link->multi);
}

static void release(void *cls) {
  struct link *link = cls;
  curl_easy_cleanup(link->easy);
  curl_multi_cleanup(link->multi);
  curl_slist_free_all(link->headers);
  free(link);
  curl_global_cleanup();
}

static bool add_line(struct link *link, const char *line) {
  struct curl_slist *longer = curl_slist_append(link->headers, line);
  if (longer) link->headers = longer;
  return longer != NULL;
}

static const char *add_header(void *cls, const char *name, const char *value) {
  char line[TEL_KEYVALUES_SIZE + 2];
  const char *bad = tel_header_check(name, value);
  if (bad) return bad;
  /* Without a value libcurl would omit the header. A semicolon makes libcurl send it empty. */
  snprintf(line, sizeof line, *value ? "%s: %s" : "%s;", name, value);
  return add_line(cls, line) ? NULL : "out of memory";
}

static int set_headers(struct link *link, const struct tel_tracing_settings *settings) {
  if (!add_line(link, "Content-Type: application/x-protobuf") || !add_line(link, "Expect:") ||
      (settings->gzip && !add_line(link, "Content-Encoding: gzip")))
    return TEL_E_MEMORY;
  return tel_keyvalues_read(settings->headers, add_header, NULL, link) ? TEL_OK : TEL_E_VALUE;
}

static void set_file(CURL *easy, CURLoption option, const char *path, CURLcode *error) {
  if (*path && !*error) *error = curl_easy_setopt(easy, option, path);
}

/* Passes "" instead of NULL, so that libcurl does not read the variables itself. */
static CURLcode set_proxy(struct link *link, const char *endpoint) {
  tel_proxy_find(endpoint, tel_getenv, NULL, &link->proxy);
  CURLcode error = curl_easy_setopt(link->easy, CURLOPT_PROXY, link->proxy.url);
  return error ? error : curl_easy_setopt(link->easy, CURLOPT_NOPROXY, link->proxy.except);
}

static int set_options(struct link *link, const struct tel_tracing_settings *settings) {
  CURL *easy = link->easy;
  CURLcode error = curl_easy_setopt(easy, CURLOPT_URL, settings->endpoint);
  if (!error) error = curl_easy_setopt(easy, CURLOPT_USERAGENT, "OTel-OTLP-Exporter-C/" PACKAGE_VERSION);
#if LIBCURL_VERSION_NUM >= 0x075500
  if (!error) error = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
  /* Without this, libcurl would also trust the system's directory of certificates. */
  if (*settings->certificate) curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
  set_file(easy, CURLOPT_CAINFO, settings->certificate, &error);
  set_file(easy, CURLOPT_SSLKEY, settings->client_key, &error);
  set_file(easy, CURLOPT_SSLCERT, settings->client_certificate, &error);
  if (!error) error = set_proxy(link, settings->endpoint);
  /* A recreated collector may have another address. An open connection needs no lookup. */
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, link->headers);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, link);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, link);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, link->error);
#if LIBCURL_VERSION_NUM >= 0x075700
  /* A slow name lookup must not delay the shutdown: libcurl leaves its thread behind. */
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  return error == CURLE_OK ? TEL_OK : error == CURLE_OUT_OF_MEMORY ? TEL_E_MEMORY : TEL_E_VALUE;
}

int tel_transport_curl_new(const struct tel_tracing_settings *settings, struct tel_transport *out) {
  struct link *link = calloc(1, sizeof *link);
  /* libcurl counts these calls, so it stays initialised for a thread that was left behind with this
   * transport. */
  if (!link || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    free(link);
    return TEL_E_MEMORY;
  }
  atomic_init(&link->stop_deadline, UINT64_MAX);
  link->easy = curl_easy_init();
  link->multi = curl_multi_init();
  int error = link->easy && link->multi ? set_headers(link, settings) : TEL_E_MEMORY;
  if (!error) error = set_options(link, settings);
  if (error) {
    release(link);
    return error;
  }
  *out = (struct tel_transport){post, pause_until, mono, unix_time, stopping, stop, release, link};
  return TEL_OK;
}
