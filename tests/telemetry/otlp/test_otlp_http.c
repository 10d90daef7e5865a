/* SPDX-License-Identifier: MIT */
/* The whole exporter with libcurl, against a collector on 127.0.0.1. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "support/loopback.h"
#include "support/test.h"
#include "telemetry/otlp/fake_collector.h"
#include "telemetry/otlp/otlp.pb-c.h"
#include "telemetry/otlp/transport.h"
#include "telemetry/traces/tracing.h"

static const uint64_t soon = 20 * CLOCK_NS_PER_S; /* as long as a test may take */
static const struct fake_answer fine[] = {{.status = 200}};

static struct tel_tracing_settings settings;
static int failures, others;
static _Atomic bool asked;
static char last[640];

static void note(void *cls, enum tel_report what, const char *text) {
  (void)cls;
  failures += what == TEL_REPORT_FAILED;
  others += what != TEL_REPORT_FAILED;
  snprintf(last, sizeof last, "%s", text);
}

static struct tel_tracing *start(const char *url) {
  const struct tel_tracing_events events = {note, NULL};
  struct tel_tracing *tracing;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  snprintf(settings.endpoint, sizeof settings.endpoint, "%s", url);
  ck_assert_int_eq(tel_tracing_new(&settings, "1", "id", &events, NULL, &tracing), TEL_OK);
  ck_assert_int_eq(tel_tracing_start(tracing), TEL_OK);
  return tracing;
}

static void emit(struct tel_tracing *tracing, int spans) {
  for (int i = 0; i < spans; i++)
    tel_span_end(tel_span_start(tel_tracing_tracer(tracing), "span", TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
}

static size_t count_spans(const void *body, size_t len) {
  Tel__Otlp__ExportRequest *request = tel__otlp__export_request__unpack(NULL, len, body);
  ck_assert_ptr_nonnull(request);
  size_t spans = request->resource_spans[0]->scope_spans[0]->n_spans;
  tel__otlp__export_request__free_unpacked(request, NULL);
  return spans;
}

START_TEST(test_plain) {
  struct fake_collector *collector = fake_collector_new(0, fine, 1);
  tel_tracing_settings_init(&settings);
  strcpy(settings.headers, "x-token=a%20b,x-empty=");
  struct tel_tracing *tracing = start(fake_collector_url(collector));
  for (int i = 1; i <= 3; i++) {
    emit(tracing, i);
    ck_assert(tel_tracing_flush(tracing, clock_mono_ns() + soon));
  }
  ck_assert_uint_eq(tel_tracing_free(tracing, clock_mono_ns() + soon), 0);
  ck_assert_uint_eq(fake_collector_requests(collector), 3);
  ck_assert_uint_eq(fake_collector_connections(collector), 1); /* kept alive */
  for (size_t i = 0; i < 3; i++) {
    size_t len;
    const void *body = fake_collector_body(collector, i, &len);
    ck_assert_uint_eq(count_spans(body, len), i + 1);
    ck_assert_str_eq(fake_collector_header(collector, i, ":method"), "POST");
    ck_assert_str_eq(fake_collector_header(collector, i, ":path"), "/v1/traces");
    ck_assert_str_eq(fake_collector_header(collector, i, "content-type"), "application/x-protobuf");
    ck_assert_str_eq(fake_collector_header(collector, i, "expect"), "");
    ck_assert_str_eq(fake_collector_header(collector, i, "x-token"), "a b");
    ck_assert_int_eq(strncmp(fake_collector_header(collector, i, "user-agent"), "OTel-OTLP-Exporter-C/", 21),
                     0);
  }
  fake_collector_free(collector);
}
END_TEST

START_TEST(test_gzip) {
  static unsigned char plain[1024 * 1024];
  z_stream z = {0};
  struct fake_collector *collector = fake_collector_new(0, fine, 1);
  tel_tracing_settings_init(&settings);
  settings.gzip = true;
  struct tel_tracing *tracing = start(fake_collector_url(collector));
  emit(tracing, 500);
  ck_assert_uint_eq(tel_tracing_free(tracing, clock_mono_ns() + soon), 0);
  size_t len;
  const void *body = fake_collector_body(collector, 0, &len);
  ck_assert_str_eq(fake_collector_header(collector, 0, "content-encoding"), "gzip");
  z.next_in = (Bytef *)(uintptr_t)body;
  z.avail_in = (uInt)len;
  z.next_out = plain;
  z.avail_out = sizeof plain;
  ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
  ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
  ck_assert_uint_eq(count_spans(plain, z.total_out), 500);
  ck_assert_uint_lt(len, z.total_out);
  inflateEnd(&z);
  fake_collector_free(collector);
}
END_TEST

START_TEST(test_503_is_retried_and_500_is_not) {
  static const struct fake_answer answers[] = {
      {.status = 503, .header = "Retry-After", .header_value = "0"}, {.status = 200}, {.status = 500}};
  struct fake_collector *collector = fake_collector_new(0, answers, 3);
  tel_tracing_settings_init(&settings);
  struct tel_tracing *tracing = start(fake_collector_url(collector));
  emit(tracing, 2);
  ck_assert(tel_tracing_flush(tracing, clock_mono_ns() + soon));
  ck_assert_uint_eq(fake_collector_requests(collector), 2);
  ck_assert_int_eq(failures, 0);
  ck_assert_int_eq(others, 0); /* nothing was lost: nothing recovers */
  emit(tracing, 1);
  ck_assert(!tel_tracing_flush(tracing, clock_mono_ns() + soon));
  ck_assert_uint_eq(fake_collector_requests(collector), 3);
  ck_assert_int_eq(failures, 1);
  ck_assert_ptr_nonnull(strstr(last, "500"));
  ck_assert_uint_eq(tel_tracing_free(tracing, clock_mono_ns() + soon),
                    0); /* what was lost, was lost before */
  fake_collector_free(collector);
}
END_TEST

static struct tel_response given = {.body = BUF_INIT(TEL_TRANSPORT_BODY_LIMIT)};

static struct tel_transport connect_to(const char *url) {
  struct tel_transport transport;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  tel_tracing_settings_init(&settings);
  snprintf(settings.endpoint, sizeof settings.endpoint, "%s", url);
  ck_assert_int_eq(tel_transport_curl_new(&settings, &transport), TEL_OK);
  return transport;
}

static void disconnect(struct tel_transport *transport) {
  transport->free(transport->cls);
  buf_free(&given.body);
}

START_TEST(test_refused_until_it_comes_up) {
  unsigned port = loopback_free_port();
  char url[64];
  snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
  struct tel_transport transport = connect_to(url);
  transport.post(transport.cls, "x", 1, clock_mono_ns() + soon, &given);
  ck_assert_int_eq(given.status, 0);
  ck_assert(given.connection);
  ck_assert_str_ne(given.text, "");
  struct fake_collector *collector = fake_collector_new(port, fine, 1);
  transport.post(transport.cls, "x", 1, clock_mono_ns() + soon, &given);
  ck_assert_int_eq(given.status, 200);
  fake_collector_free(collector);
  transport.post(transport.cls, "x", 1, clock_mono_ns() + soon, &given); /* and is gone again */
  ck_assert_int_eq(given.status, 0);
  ck_assert(given.connection);
  disconnect(&transport);
}
END_TEST

START_TEST(test_answers) {
  static char large[TEL_TRANSPORT_BODY_LIMIT + 1];
  const struct fake_answer answers[] = {{.status = 429, .header = "Retry-After", .header_value = "  7  "},
                                        {.body = "body", .body_len = 4},
                                        {.body = large, .body_len = sizeof large},
                                        {.body = large, .body_len = sizeof large - 1},
                                        {.status = 302, .header = "Location", .header_value = "/elsewhere"}};
  struct fake_collector *collector = fake_collector_new(0, answers, 5);
  struct tel_transport transport = connect_to(fake_collector_url(collector));
#define POST() transport.post(transport.cls, "x", 1, clock_mono_ns() + soon, &given)
  POST();
  ck_assert_int_eq(given.status, 429);
  ck_assert_str_eq(given.retry_after, "7");
  POST();
  ck_assert_int_eq(given.status, 200);
  ck_assert_str_eq(given.retry_after, ""); /* of the response before */
  ck_assert_uint_eq(given.body.len, 4);
  POST();
  ck_assert_int_eq(given.status, 0);
  ck_assert(!given.connection); /* final: it would be as large again */
  ck_assert_ptr_nonnull(strstr(given.text, "too large"));
  POST();
  ck_assert_int_eq(given.status, 200);
  ck_assert_uint_eq(given.body.len, sizeof large - 1);
  POST();
  ck_assert_int_eq(given.status, 302);
  ck_assert_uint_eq(fake_collector_requests(collector), 5); /* not followed */
  disconnect(&transport);
  fake_collector_free(collector);
}
END_TEST

/* Listens, so the kernel accepts connections, but never responds. */
static int silent_server(char *url, size_t size) {
  unsigned port;
  int fd = loopback_listen(&port);
  snprintf(url, size, "http://127.0.0.1:%u/v1/traces", port);
  return fd;
}

START_TEST(test_deadline_of_a_request) {
  char url[64];
  int fd = silent_server(url, sizeof url);
  struct tel_transport transport = connect_to(url);
  transport.post(transport.cls, "x", 1, clock_mono_ns() + 50 * CLOCK_NS_PER_MS, &given);
  ck_assert_int_eq(given.status, 0);
  ck_assert(given.connection);
  disconnect(&transport);
  close(fd);
}
END_TEST

struct raw_answer {
  int fd;
  const char *text;
};

/* Accepts one connection, sends the text unchanged, and closes. */
static void *send_raw(void *cls) {
  const struct raw_answer *answer = cls;
  char request[4096];
  int fd = accept(answer->fd, NULL, NULL);
  ck_assert_int_gt(recv(fd, request, sizeof request, 0), 0);
  ck_assert_int_ge(send(fd, answer->text, strlen(answer->text), MSG_NOSIGNAL), 0);
  shutdown(fd, SHUT_WR);
  while (recv(fd, request, sizeof request, 0) > 0) continue;
  close(fd);
  return NULL;
}

/* A truncated header is not a response, even with a complete first line. */
START_TEST(test_broken_header) {
  static const struct {
    const char *text;
    int status; /* 0: the connection failed */
  } cases[] = {
      {"", 0},
      {"HTTP/1.1 2", 0},
      {"HTTP/1.1 200 OK\r\n", 0},
      {"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n", 0},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", 0},
      {"HTTP/1.1 200 OK\r\n\r\n", 200},
      {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", 200},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n1\r\nx\r\n0\r\nX-A: 1\r\n\r\n",
       200},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char url[64];
    pthread_t thread;
    struct raw_answer answer = {silent_server(url, sizeof url), cases[i].text};
    struct tel_transport transport = connect_to(url);
    pthread_create(&thread, NULL, send_raw, &answer);
    POST();
    ck_assert_msg(given.status == cases[i].status && given.connection == (cases[i].status == 0),
                  "%s: status %d", cases[i].text, given.status);
    disconnect(&transport);
    pthread_join(thread, NULL);
    close(answer.fd);
  }
}
END_TEST

static void *stop_it(void *cls) {
  struct tel_transport *transport = cls;
  transport->stop(transport->cls, 0);
  return NULL;
}

START_TEST(test_stop_from_another_thread) {
  char url[64];
  pthread_t thread;
  int fd = silent_server(url, sizeof url);
  struct tel_transport transport = connect_to(url);
  uint64_t before = clock_mono_ns(), hour = 3600 * CLOCK_NS_PER_S;
  ck_assert(!transport.stopping(transport.cls));
  pthread_create(&thread, NULL, stop_it, &transport);
  transport.post(transport.cls, "x", 1, before + hour, &given); /* ends now, not in an hour */
  transport.pause(transport.cls, before + hour);
  pthread_join(thread, NULL);
  ck_assert_int_eq(given.status, 0);
  ck_assert(transport.stopping(transport.cls));
  disconnect(&transport);
  close(fd);
}
END_TEST

START_TEST(test_shutdown_keeps_its_deadline) {
  char url[64];
  int fd = silent_server(url, sizeof url);
  tel_tracing_settings_init(&settings);
  settings.batch_size = 10;
  settings.timeout_ms = settings.export_timeout_ms = 3600 * 1000;
  struct tel_tracing *tracing = start(url);
  emit(tracing, 25);
  ck_assert_uint_eq(tel_tracing_free(tracing, clock_mono_ns() + 100 * CLOCK_NS_PER_MS), 25);
  close(fd); /* the test checks that this line is reached within its minute */
}
END_TEST

/* Replaces the C library's function: lookups hang, except for moves.test, whose address the test sets.
 * Numeric addresses do not get here. */
static _Atomic uint32_t moved_to;
static _Atomic int lookups;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
  (void)hints;
  atomic_store(&asked, true);
  while (strcmp(node, "moves.test") != 0) pause();
  atomic_fetch_add(&lookups, 1);
  struct addrinfo *found =
      calloc(1, sizeof *found + sizeof(struct sockaddr_in)); /* as freeaddrinfo() wants it */
  struct sockaddr_in *address = (struct sockaddr_in *)(found + 1);
  *address = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)(service ? strtoul(service, NULL, 10) : 0)),
                                  .sin_addr.s_addr = htonl(atomic_load(&moved_to))};
  *found = (struct addrinfo){.ai_family = AF_INET,
                             .ai_socktype = SOCK_STREAM,
                             .ai_protocol = IPPROTO_TCP,
                             .ai_addrlen = sizeof *address,
                             .ai_addr = (struct sockaddr *)address};
  *out = found;
  return 0;
}

static struct tel_transport connect_to_name(const struct fake_collector *collector, const char *name) {
  char url[64];
  snprintf(url, sizeof url, "http://%s:%u/v1/traces", name, fake_collector_port(collector));
  return connect_to(url);
}

START_TEST(test_a_name_is_resolved_anew) {
  struct fake_collector *collector = fake_collector_new(0, fine, 1);
  struct tel_transport transport = connect_to_name(collector, "moves.test");
  atomic_store(&moved_to, 0x7f000002); /* nobody is there */
  POST();
  ck_assert_int_eq(given.status, 0);
  ck_assert(given.connection);
  atomic_store(&moved_to, INADDR_LOOPBACK);
  POST();
  ck_assert_int_eq(given.status, 200);
  int before = atomic_load(&lookups);
  POST();
  ck_assert_int_eq(given.status, 200);
  ck_assert_int_eq(atomic_load(&lookups), before); /* the connection is kept */
  ck_assert_uint_eq(fake_collector_connections(collector), 1);
  disconnect(&transport);
  fake_collector_free(collector);
}
END_TEST

START_TEST(test_loopback_is_never_asked_through_a_proxy) {
  static const char *const variables[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
  struct fake_collector *collector = fake_collector_new(0, fine, 1);
  char dead[64];
  snprintf(dead, sizeof dead, "http://127.0.0.1:%u", loopback_free_port());
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    setenv(variables[i], dead, 1);
    struct tel_transport transport = connect_to_name(collector, i ? "127.0.0.1" : "localhost");
    POST();
    ck_assert_int_eq(given.status, 200);
    ck_assert_str_eq(given.via, "");
    disconnect(&transport);
    unsetenv(variables[i]);
  }
  fake_collector_free(collector);
}
END_TEST

/* Sets the proxy and its exceptions (NULL: none), regardless of the caller's environment. */
static void set_proxy(const char *proxy, const char *except) {
  static const char *const names[] = {"no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unsetenv(names[i]);
  setenv("http_proxy", proxy, 1);
  if (except) setenv("NO_PROXY", except, 1);
}

START_TEST(test_the_proxy_is_named_without_its_password) {
  static const struct fake_answer refuses[] = {{.status = 503}};
  struct fake_collector *collector = fake_collector_new(0, fine, 1),
                        *proxy = fake_collector_new(0, refuses, 1);
  char url[96], shown[96];
  snprintf(url, sizeof url, " http://user:secret@127.0.0.1:%u\n", fake_collector_port(proxy));
  snprintf(shown, sizeof shown, "http://127.0.0.1:%u (http_proxy)", fake_collector_port(proxy));
  set_proxy(url, NULL);
  struct tel_transport transport = connect_to_name(collector, "moves.test");
  POST();
  ck_assert_int_eq(given.status, 503);
  ck_assert_str_eq(given.via, shown);
  ck_assert_uint_eq(fake_collector_requests(proxy), 1);
  fake_collector_free(proxy);
  POST(); /* nothing listens there any more */
  ck_assert_int_eq(given.status, 0);
  ck_assert_str_eq(given.via, shown);
  ck_assert_ptr_null(strstr(given.text, "secret"));
  disconnect(&transport);
  fake_collector_free(collector);
}
END_TEST

/* The first bytes of a gRPC server: HTTP/2's SETTINGS. */
static void *speak_http2(void *cls) {
  static const char settings_frame[9] = {0, 0, 0, 4};
  char request[4096];
  int client = accept(*(int *)cls, NULL, NULL);
  ck_assert_int_gt(recv(client, request, sizeof request, 0), 0);
  ck_assert_int_eq(send(client, settings_frame, sizeof settings_frame, MSG_NOSIGNAL), sizeof settings_frame);
  close(client);
  return NULL;
}

START_TEST(test_a_port_for_grpc) {
  char url[64];
  pthread_t thread;
  int fd = silent_server(url, sizeof url);
  pthread_create(&thread, NULL, speak_http2, &fd);
  struct tel_transport transport = connect_to(url);
  POST();
  pthread_join(thread, NULL);
  ck_assert_int_eq(given.status, 0);
  ck_assert_msg(strstr(given.text, "gRPC") && strstr(given.text, "4318"), "%s", given.text);
  disconnect(&transport);
  close(fd);
}
END_TEST

START_TEST(test_a_proxy_that_is_no_url) {
  static const char *const proxies[] = {"http://user:secret@a b:1", "nonsense://user:secret@127.0.0.1:1",
                                        "http://user:secret@[:1"};
  for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
    set_proxy(proxies[i], NULL);
    struct tel_transport transport = connect_to("http://moves.test:4318/v1/traces");
    POST();
    ck_assert_int_eq(given.status, 0);
    ck_assert_msg(strstr(given.via, "http_proxy") != NULL, "%s", given.via);
    ck_assert_msg(!strstr(given.text, "secret") && !strstr(given.via, "secret"), "%s", given.text);
    disconnect(&transport);
  }
}
END_TEST

START_TEST(test_no_proxy_is_obeyed) {
  struct fake_collector *collector = fake_collector_new(0, fine, 1);
  char dead[64];
  snprintf(dead, sizeof dead, "http://127.0.0.1:%u", loopback_free_port());
  atomic_store(&moved_to, INADDR_LOOPBACK);
  set_proxy(dead, "other.test, moves.test\n");
  struct tel_transport transport = connect_to_name(collector, "moves.test");
  POST();
  ck_assert_int_eq(given.status, 200);
  ck_assert_str_eq(given.via, "");
  disconnect(&transport);
  fake_collector_free(collector);
}
END_TEST

START_TEST(test_shutdown_with_a_dead_name_server) {
  tel_tracing_settings_init(&settings);
  settings.batch_size = 1;
  settings.timeout_ms = settings.export_timeout_ms = 3600 * 1000;
  struct tel_tracing *tracing = start("http://collector.test:4318/v1/traces");
  emit(tracing, 3);
  while (!atomic_load(&asked)) sched_yield();
  ck_assert_uint_eq(tel_tracing_free(tracing, clock_mono_ns() + 100 * CLOCK_NS_PER_MS), 3);
}
END_TEST

START_TEST(test_bad_settings) {
  struct tel_transport transport;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  static const char *const headers[] = {"no equals", "a=%", "a b=1", "a=1%0d%0aEvil: 1", "a=%0a"};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    tel_tracing_settings_init(&settings);
    strcpy(settings.headers, headers[i]);
    ck_assert_int_eq(tel_transport_curl_new(&settings, &transport), TEL_E_VALUE);
  }
}
END_TEST

TEST_MAIN("otlp_http", test_plain, test_gzip, test_503_is_retried_and_500_is_not,
          test_refused_until_it_comes_up, test_answers, test_broken_header, test_deadline_of_a_request,
          test_stop_from_another_thread, test_shutdown_keeps_its_deadline,
          test_shutdown_with_a_dead_name_server, test_bad_settings, test_a_name_is_resolved_anew,
          test_loopback_is_never_asked_through_a_proxy, test_the_proxy_is_named_without_its_password,
          test_no_proxy_is_obeyed, test_a_port_for_grpc, test_a_proxy_that_is_no_url)
