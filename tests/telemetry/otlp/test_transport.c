/* SPDX-License-Identifier: MIT */
/* Failures of libcurl: each of its calls in turn, and each of its errors. The linker's --wrap redirects the
 * calls to this file. No collector is used. */
#include <curl/curl.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "support/allocations.h"
#include "support/test.h"
#include "telemetry/otlp/transport.h"

static struct tel_tracing_settings settings;
static CURLcode option_error = CURLE_OUT_OF_MEMORY, result;
static CURLMcode multi_error;
static const char *failing_multi = ""; /* the call of the multi interface that fails */

CURLcode __real_curl_global_init(long flags);
CURLcode __wrap_curl_global_init(long flags);
CURL *__real_curl_easy_init(void);
CURL *__wrap_curl_easy_init(void);
CURLM *__real_curl_multi_init(void);
CURLM *__wrap_curl_multi_init(void);
struct curl_slist *__real_curl_slist_append(struct curl_slist *list, const char *text);
struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text);
CURLcode __real_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLMcode __real_curl_multi_add_handle(CURLM *multi, CURL *easy);
CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy);
CURLMcode __real_curl_multi_perform(CURLM *multi, int *running);
CURLMcode __wrap_curl_multi_perform(CURLM *multi, int *running);
CURLMcode __wrap_curl_multi_poll(CURLM *multi, struct curl_waitfd fds[], unsigned count, int timeout_ms,
                                 int *ready);
CURLMsg *__wrap_curl_multi_info_read(CURLM *multi, int *left);

CURLcode __wrap_curl_global_init(long flags) {
  return allocations_fails() ? CURLE_OUT_OF_MEMORY : __real_curl_global_init(flags);
}

CURL *__wrap_curl_easy_init(void) {
  return allocations_fails() ? NULL : __real_curl_easy_init();
}

CURLM *__wrap_curl_multi_init(void) {
  return allocations_fails() ? NULL : __real_curl_multi_init();
}

struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text) {
  return allocations_fails() ? NULL : __real_curl_slist_append(list, text);
}

/* Only options with a text can fail: libcurl copies it. */
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...) {
  va_list more;
  va_start(more, option);
  void *value = va_arg(more, void *);
  va_end(more);
  bool copies = option == CURLOPT_URL || option == CURLOPT_USERAGENT || option == CURLOPT_PROTOCOLS_STR ||
                option == CURLOPT_CAINFO || option == CURLOPT_SSLKEY || option == CURLOPT_SSLCERT ||
                option == CURLOPT_PROXY || option == CURLOPT_NOPROXY;
  return copies && allocations_fails() ? option_error : __real_curl_easy_setopt(easy, option, value);
}

CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy) {
  return strcmp(failing_multi, "add") == 0 ? multi_error : __real_curl_multi_add_handle(multi, easy);
}

/* The process is stopped during the first poll: the clock goes on. */
static uint64_t stopped_ns;
static int polls = 2; /* polls of a transfer; the process is stopped during the first */
uint64_t __real_clock_mono_ns(void);
uint64_t __wrap_clock_mono_ns(void);

uint64_t __wrap_clock_mono_ns(void) {
  return __real_clock_mono_ns() + stopped_ns;
}

/* The transfer ends at once, or after the stop. */
CURLMcode __wrap_curl_multi_perform(CURLM *multi, int *running) {
  (void)multi;
  *running = strcmp(failing_multi, "poll") == 0 || strcmp(failing_multi, "nothing") == 0 || polls < 2;
  return strcmp(failing_multi, "perform") == 0 ? multi_error : CURLM_OK;
}

CURLMcode __wrap_curl_multi_poll(CURLM *multi, struct curl_waitfd fds[], unsigned count, int timeout_ms,
                                 int *ready) {
  (void)multi, (void)fds, (void)count, (void)timeout_ms, (void)ready;
  if (polls++ == 0) stopped_ns = 100 * CLOCK_NS_PER_S;
  return strcmp(failing_multi, "poll") == 0 ? multi_error : CURLM_OK;
}

CURLMsg *__wrap_curl_multi_info_read(CURLM *multi, int *left) {
  static CURLMsg message;
  (void)multi, (void)left;
  if (strcmp(failing_multi, "message") == 0) return NULL;
  message = (CURLMsg){.msg = CURLMSG_DONE, .data.result = result};
  return &message;
}

static void prepare(void) {
  tel_tracing_settings_init(&settings);
  strcpy(settings.endpoint, "http://192.0.2.1:4318/v1/traces");
  strcpy(settings.headers, "a=1,b=");
  strcpy(settings.certificate, "/tmp/ca.pem");
  strcpy(settings.client_key, "/tmp/key.pem");
  strcpy(settings.client_certificate, "/tmp/cert.pem");
  settings.gzip = true;
}

static bool make(void) {
  struct tel_transport transport;
  int error = tel_transport_curl_new(&settings, &transport);
  allocations_succeed();
  if (error == TEL_OK) transport.free(transport.cls);
  ck_assert(error == TEL_OK || error == (option_error == CURLE_OUT_OF_MEMORY ? TEL_E_MEMORY : TEL_E_VALUE) ||
            error == TEL_E_MEMORY || error == TEL_E_VALUE);
  return error == TEL_OK;
}

START_TEST(test_making) {
  prepare();
  ck_assert_uint_ge(allocations_walk(make), 14);
  option_error = CURLE_UNKNOWN_OPTION; /* a libcurl without TLS */
  ck_assert_uint_ge(allocations_walk(make), 14);
}
END_TEST

static void post_until(uint64_t deadline, struct tel_response *answer) {
  struct tel_transport transport;
  prepare();
  *answer = (struct tel_response){.body = BUF_INIT(TEL_TRANSPORT_BODY_LIMIT)};
  ck_assert_int_eq(tel_transport_curl_new(&settings, &transport), TEL_OK);
  transport.post(transport.cls, "x", 1, deadline, answer);
  transport.free(transport.cls);
  buf_free(&answer->body);
}

static void post(struct tel_response *answer) {
  post_until(clock_mono_ns() + 20 * CLOCK_NS_PER_S, answer);
}

/* Both timeouts are 0, so there is no deadline. */
START_TEST(test_a_stop_without_a_deadline) {
  struct tel_response answer;
  polls = 0;
  result = CURLE_SEND_ERROR;
  post_until(UINT64_MAX, &answer);
  ck_assert_str_eq(answer.text, curl_easy_strerror(CURLE_SEND_ERROR));
}
END_TEST

START_TEST(test_a_broken_libcurl_is_told) {
  static const char *const calls[] = {"add", "perform", "poll", "message"};
  multi_error = CURLM_INTERNAL_ERROR;
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    struct tel_response answer;
    failing_multi = calls[i];
    post(&answer);
    ck_assert_int_eq(answer.status, 0);
    ck_assert_msg(!answer.connection, "%s", calls[i]); /* trying again makes no sense */
    ck_assert_str_eq(answer.text, curl_easy_strerror(CURLE_FAILED_INIT));
  }
}
END_TEST

/* Temporary errors are retried. The text says what to do. */
START_TEST(test_each_error) {
  static const struct {
    CURLcode code;
    bool again;
    const char *advice;
  } cases[] = {{CURLE_COULDNT_RESOLVE_HOST, true, ""},
               {CURLE_COULDNT_RESOLVE_PROXY, true, ""},
               {CURLE_COULDNT_CONNECT, true, "; does a collector listen there?"},
               {CURLE_OPERATION_TIMEDOUT, true, ""},
               {CURLE_SSL_CONNECT_ERROR, true, "; does the server speak https?"},
               {CURLE_GOT_NOTHING, true, ""},
               {CURLE_PARTIAL_FILE, true, ""},
               {CURLE_SEND_ERROR, true, ""},
               {CURLE_RECV_ERROR, true, ""},
               {CURLE_HTTP2, true, ""},
               {CURLE_HTTP2_STREAM, true, ""},
               {CURLE_WEIRD_SERVER_REPLY, true, "; is it a port for gRPC?"},
               {CURLE_UNSUPPORTED_PROTOCOL, false, "; is it a port for gRPC?"},
               {CURLE_PEER_FAILED_VERIFICATION, false, "OTEL_EXPORTER_OTLP_CERTIFICATE"},
               {CURLE_OUT_OF_MEMORY, false, ""}};
  failing_multi = "";
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct tel_response answer;
    const char *said = curl_easy_strerror(cases[i].code);
    result = cases[i].code;
    post(&answer);
    ck_assert_int_eq(answer.status, 0);
    ck_assert_msg(answer.connection == cases[i].again, "%s", said);
    ck_assert_msg(strncmp(answer.text, said, strlen(said)) == 0, "%s: %s", said, answer.text);
    ck_assert_msg(strstr(answer.text + strlen(said), cases[i].advice) != NULL, "%s", answer.text);
    ck_assert_int_eq(*cases[i].advice == '\0', answer.text[strlen(said)] == '\0');
  }
}
END_TEST

TEST_MAIN("transport", test_making, test_a_broken_libcurl_is_told, test_each_error,
          test_a_stop_without_a_deadline)
