/* SPDX-License-Identifier: MIT */
/* The adapter without memory: the program must respond as it does without telemetry. */
#include "config.h" /* first: GNU extensions */

#include <curl/curl.h>
#include <orcania.h>

#include "support/allocations.h"
#include "telemetry/traces/span.h"
#include "telemetry/ulfius/adapter_fixture.h"

/* Starts the prepared program with telemetry. */
static struct tel *run(void) {
  struct tel *tel = tel_new("adapter", "1");
  ck_assert_int_eq(tel_ulfius_start(tel, &instance, NULL), U_OK);
  ck_assert_msg(tel_start(tel) == 0, "%s", tel_error(tel));
  return tel;
}

static void end(struct tel *tel) {
  ulfius_stop_framework(&instance);
  tel_free(tel, 1000);
  ulfius_clean_instance(&instance);
}

static bool observe(void) {
  struct tel *tel = tel_new("adapter", "1");
  int error = tel ? tel_ulfius_observe(tel, &instance) : TEL_E_MEMORY;
  bool told = error == 0 || !tel || *tel_error(tel) != '\0';
  tel_free(tel, 0);
  allocations_succeed();
  ck_assert(error == 0 || error == TEL_E_MEMORY);
  ck_assert(told);
  ck_assert(is_restored());
  return error == 0;
}

START_TEST(test_observing) {
  prepare();
  ck_assert_uint_ge(allocations_walk(observe), 10);
  ulfius_clean_instance(&instance);
}
END_TEST

static void serve(const char *target, const char *says) {
  char reply[65536];
  for (unsigned at = 1;; at++) {
    allocations_fail_at(at);
    ask(target, reply, sizeof reply);
    unsigned count = allocations_count();
    allocations_succeed();
    bool well = strncmp(reply, "HTTP/1.0 200", 12) == 0 || strncmp(reply, "HTTP/1.1 200", 12) == 0;
    ck_assert_msg(well || (!says && strstr(reply, " 500 ")), "%u: %s", at, reply);
    ck_assert_msg(!says || strstr(reply, says), "%u: %s", at, reply);
    if (count < at) return;
  }
}

START_TEST(test_serving) {
  prepare();
  struct tel *tel = run();
  serve("/hello/you", "hello");
  serve("/metrics", NULL); /* a scrape is complete, or an error */
  end(tel);
}
END_TEST

static _Atomic bool refuses_bodies;

/* Ulfius allocates the copy of a body and the error's body with these functions. */
static void *allocate(size_t size) {
  return refuses_bodies && size > 4096 ? NULL : malloc(size);
}

/* Without memory for its copy, Ulfius would send the metrics' headers with an empty body. */
START_TEST(test_a_scrape_is_whole_or_fails) {
  char reply[65536];
  o_set_alloc_funcs(allocate, realloc, free);
  prepare();
  struct tel *tel = run();
  refuses_bodies = true;
  ask("/metrics", reply, sizeof reply);
  ck_assert_msg(strstr(reply, " 500 "), "%.900s", reply);
  refuses_bodies = false;
  ask("/metrics", reply, sizeof reply);
  ck_assert_msg(strstr(reply, " 200 ") && strstr(reply, "process_threads "), "%.900s", reply);
  end(tel);
}
END_TEST

START_TEST(test_what_cannot_be_started) {
  static const struct tel_ulfius_server half = {.key_pem = "key"}, no_key = {.ca_pem = "ca"};
  prepare();
  ck_assert_int_eq(tel_ulfius_start(NULL, NULL, NULL), U_ERROR_PARAMS);
  ck_assert_int_eq(tel_ulfius_start(NULL, &instance, &half), U_ERROR_PARAMS);
  ck_assert_int_eq(tel_ulfius_start(NULL, &instance, &no_key), U_ERROR_PARAMS);
  ck_assert_int_eq(tel_ulfius_observe(NULL, &instance), TEL_E_VALUE);
  instance.port = 0;
  ck_assert_int_eq(tel_ulfius_start(NULL, &instance, NULL), U_ERROR_PARAMS);
  instance.port = 65536;
  ck_assert_int_eq(tel_ulfius_start(NULL, &instance, NULL), U_ERROR_PARAMS);
  instance.port = port;
  instance.endpoint_list[0].callback_function = NULL;
  ck_assert_int_eq(tel_ulfius_start(NULL, &instance, NULL), U_ERROR_PARAMS);
  ulfius_clean_instance(&instance);
  ck_assert_int_eq(ulfius_init_instance(&instance, port, NULL, NULL), U_OK);
  ck_assert_int_eq(ulfius_start_framework(&instance), U_ERROR_PARAMS); /* without endpoints */
  ck_assert_int_eq(tel_ulfius_start(NULL, &instance, NULL), U_ERROR_PARAMS);
  ulfius_clean_instance(&instance);
}
END_TEST

/* Answers with the trace id and the tracestate of the request's span. */
static int tell_trace(const struct _u_request *request, struct _u_response *response, void *cls) {
  const struct tel_span *span = tel_ulfius_span(response);
  char id[TEL_TRACE_ID_HEX_SIZE], text[256];
  (void)request, (void)cls;
  tel_trace_id_hex(tel_span_context(span), id);
  snprintf(text, sizeof text, "%s %s.", id, span->state);
  ulfius_set_string_body_response(response, 200, text);
  return U_CALLBACK_CONTINUE;
}

/* Header names ignore case, but Ulfius joins only values whose names have the same case. */
START_TEST(test_headers_of_one_name_in_other_cases) {
#define ID "0af7651916cd43dd8448eb211c80319c"
#define PARENT ": 00-" ID "-b7ad6b7169203331-01\r\n"
  char reply[1024];
  prepare();
  ck_assert_int_eq(ulfius_add_endpoint_by_val(&instance, "GET", "/trace", NULL, 0, tell_trace, NULL), U_OK);
  struct tel *tel = run();
  ask_with("/trace", "Traceparent" PARENT "tracestate: a=1\r\nTraceState: b=2\r\nTRACESTATE: c=3\r\n", reply,
           sizeof reply);
  ck_assert_msg(strstr(reply, ID " a=1,b=2,c=3."), "%s", reply);
  ask_with("/trace", "traceparent" PARENT "Traceparent" PARENT "tracestate: a=1\r\n", reply, sizeof reply);
  ck_assert_msg(strstr(reply, " 200 ") && !strstr(reply, ID) && strstr(reply, " ."), "%s", reply);
  end(tel);
}
END_TEST

/* Several header lines are one list, as for the trace headers. */
START_TEST(test_a_scrape_reads_all_lists_of_formats) {
  static const struct {
    const char *headers, *format, *encoding;
  } cases[] = {
      {"", "text/plain", NULL},
      {"ACCEPT: application/openmetrics-text\r\n", "application/openmetrics-text", NULL},
      {"Accept: text/plain;q=0.1\r\naccept: application/openmetrics-text\r\n", "application/openmetrics-text",
       NULL},
      {"accept: application/openmetrics-text;q=0.1\r\nAccept: text/plain\r\n", "text/plain", NULL},
      {"Accept-Encoding: br\r\naccept-encoding: gzip\r\n", "text/plain", "gzip"},
      {"accept-encoding: *\r\nAccept-Encoding: gzip;q=0\r\n", "text/plain", NULL},
  };
  static char reply[65536];
  prepare();
  struct tel *tel = run();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char format[64];
    snprintf(format, sizeof format, "Content-Type: %s;", cases[i].format);
    ask_with("/metrics", cases[i].headers, reply, sizeof reply);
    ck_assert_msg(strstr(reply, format), "%s: %.300s", cases[i].headers, reply);
    ck_assert_msg(!cases[i].encoding == !strstr(reply, "Content-Encoding: gzip"), "%s: %.300s",
                  cases[i].headers, reply);
  }
  end(tel);
}
END_TEST

/* Calls the callback of the first endpoint, as a dispatcher of the program's own would. */
static int delegate(const struct _u_request *request, struct _u_response *response, void *cls) {
  const struct _u_endpoint *first = &instance.endpoint_list[0];
  (void)cls;
  ulfius_set_response_shared_data(response, strdup("shared"), free);
  int result = first->callback_function(request, response, first->user_data);
  return strcmp(response->shared_data, "shared") == 0 ? result : U_CALLBACK_ERROR;
}

/* The same with a request and a response of its own. */
static int delegate_copy(const struct _u_request *request, struct _u_response *response, void *cls) {
  static char shared[] = "shared";
  const struct _u_endpoint *first = &instance.endpoint_list[0];
  struct _u_request *copy = ulfius_duplicate_request(request);
  struct _u_response made;
  (void)cls;
  ulfius_init_response(&made);
  made.shared_data = shared;
  int result = first->callback_function(copy, &made, first->user_data);
  if (made.shared_data != shared) result = U_CALLBACK_ERROR;
  ulfius_set_binary_body_response(response, (unsigned)made.status, made.binary_body, made.binary_body_length);
  ulfius_clean_response(&made);
  ulfius_clean_request_full(copy);
  return result;
}

static const struct {
  const char *path, *route;
  int (*callback)(const struct _u_request *, struct _u_response *, void *);
} delegates[] = {{"/to", "/to", delegate},
                 {"/copied", "/copied", delegate_copy},
                 {"/metrics", "/metrics", delegate},
                 {"/metrics", "/metrics", delegate_copy},
                 {"/other", "unmatched", delegate}};

static void call_a_callback(size_t at, bool hooks) {
  char reply[1024], series[128];
  const char *route = delegates[at].route;
  prepare();
  int added = *route == '/' ? ulfius_add_endpoint_by_val(&instance, "GET", delegates[at].path, NULL, 0,
                                                         delegates[at].callback, NULL)
                            : ulfius_set_default_endpoint(&instance, delegates[at].callback, NULL);
  ck_assert_int_eq(added, U_OK);
  struct tel *tel = tel_new("adapter", "1");
  ck_assert_int_eq(tel_ulfius_observe(tel, &instance), 0);
  ck_assert_int_eq(hooks ? tel_ulfius_start(tel, &instance, NULL) : ulfius_start_framework(&instance), U_OK);
  ck_assert_int_eq(tel_start(tel), 0);
  for (int i = 0; i < 3; i++) {
    ask(delegates[at].path, reply, sizeof reply);
    ck_assert_msg(strstr(reply, " 200 ") && strstr(reply, "hello"), "%s", reply);
  }
  ulfius_stop_framework(&instance);
  snprintf(series, sizeof series, "request_total{method=\"GET\",route=\"%s\",status=\"200\"} 3\n", route);
  ck_assert_msg(counted(tel, series), "%s", series);
  ck_assert(counted(tel, "request_total{method=\"GET\",route=\"/hello/:name\",status=\"200\"} 0\n"));
  tel_free(tel, 1000);
  ulfius_clean_instance(&instance);
}

/* The request stays one request, with the route that Ulfius has found. The called callback's response is as
 * the program made it. */
START_TEST(test_a_callback_that_calls_another) {
  for (size_t i = 0; i < sizeof delegates / sizeof *delegates; i++) {
    call_a_callback(i, false);
    call_a_callback(i, true);
  }
}
END_TEST

static size_t read_text(const char *path, char *out, size_t size) {
  FILE *file = fopen(path, "r");
  ck_assert_ptr_nonnull(file);
  size_t len = fread(out, 1, size - 1, file);
  fclose(file);
  out[len] = '\0';
  return len;
}

static int pass(const struct _u_request *request, struct _u_response *response, void *cls) {
  (void)request, (void)response;
  return *(const int *)cls;
}

static int fill(const struct _u_request *request, struct _u_response *response, void *cls) {
  (void)request, (void)cls;
  ulfius_set_string_body_response(response, 200, "the program's");
  return U_CALLBACK_COMPLETE;
}

static int missing(const struct _u_request *request, struct _u_response *response, void *cls) {
  (void)request, (void)cls;
  ulfius_set_string_body_response(response, 404, "no such file");
  return U_CALLBACK_CONTINUE;
}

static int goes_on = U_CALLBACK_CONTINUE, ignores = U_CALLBACK_IGNORE, refuses = U_CALLBACK_UNAUTHORIZED,
           completes = U_CALLBACK_COMPLETE;
#define OURS "# TYPE request_total counter"

/* Programs with endpoints that match GET /metrics. The program's own response has precedence and is counted;
 * otherwise the metrics are served and not counted. */
static const struct program {
  const char *says;   /* a part of the response */
  const char *counts; /* the route and status of its series, or NULL */
  struct {
    const char *method, *prefix, *format;
    unsigned priority;
    int (*callback)(const struct _u_request *, struct _u_response *, void *);
    void *cls;
  } endpoints[3];
  int (*otherwise)(const struct _u_request *, struct _u_response *, void *);
} programs[] = {
    {OURS, NULL, {{"GET", "/other", NULL, 0, fill, NULL}}, NULL},
    {OURS, NULL, {{"GET", "*", NULL, 0, missing, NULL}}, NULL},
    {OURS, NULL, {{"*", "*", NULL, 0, pass, &goes_on}}, NULL},
    {OURS, NULL, {{"*", "*", NULL, 0, pass, &ignores}}, NULL},
    {OURS, NULL, {{"*", "*", NULL, 0, pass, &goes_on}, {"GET", "*", NULL, 1, missing, NULL}}, NULL},
    {OURS, NULL, {{"*", "*", NULL, 7, pass, &goes_on}, {"GET", "*", NULL, 1, missing, NULL}}, NULL},
    {OURS, NULL, {{"*", "*", NULL, 0, pass, &goes_on}, {"POST", "/metrics", NULL, 1, fill, NULL}}, NULL},
    {OURS, NULL, {{"*", "*", NULL, 0, pass, &goes_on}, {"GET", "/metrics", "/:of", 1, fill, NULL}}, NULL},
    {OURS, NULL, {{NULL}}, missing},
    {"the program's", "route=\"/metrics\",status=\"200\"", {{"GET", "/metrics", NULL, 0, fill, NULL}}, NULL},
    {"the program's",
     "route=\"/metrics\",status=\"200\"",
     {{"*", "*", NULL, 0, pass, &goes_on}, {"GET", "metrics", NULL, 1, fill, NULL}},
     NULL},
    {"the program's",
     "route=\"/metrics\",status=\"200\"",
     {{"GET", "/metrics", "/", 3, fill, NULL}, {"*", "*", NULL, 0, pass, &goes_on}},
     NULL},
    {"the program's",
     "route=\"/:page\",status=\"200\"",
     {{"*", "/*", NULL, 0, pass, &ignores}, {"GET", "/", ":page", 0, fill, NULL}},
     NULL},
    {" 401 ", "route=\"/*\",status=\"401\"", {{"*", "*", NULL, 0, pass, &refuses}}, NULL},
    {" 200 ", "route=\"/metrics\",status=\"200\"", {{"GET", "/metrics", NULL, 0, pass, &completes}}, NULL},
    {"the program's", "route=\"unmatched\",status=\"200\"", {{NULL}}, fill},
};

static void try_program(const struct program *program, bool hooks) {
  char reply[65536], series[128] = "";
  prepare();
  for (int i = 0; i < 3 && program->endpoints[i].method; i++)
    ck_assert_int_eq(ulfius_add_endpoint_by_val(&instance, program->endpoints[i].method,
                                                program->endpoints[i].prefix, program->endpoints[i].format,
                                                program->endpoints[i].priority,
                                                program->endpoints[i].callback, program->endpoints[i].cls),
                     U_OK);
  if (program->otherwise)
    ck_assert_int_eq(ulfius_set_default_endpoint(&instance, program->otherwise, NULL), U_OK);
  struct tel *tel = tel_new("adapter", "1");
  ck_assert_int_eq(tel_ulfius_observe(tel, &instance), 0);
  ck_assert_int_eq(hooks ? tel_ulfius_start(tel, &instance, NULL) : ulfius_start_framework(&instance), U_OK);
  ck_assert_int_eq(tel_start(tel), 0);
  ask("/metrics", reply, sizeof reply);
  ask("/metrics", reply, sizeof reply);
  ck_assert_msg(strstr(reply, program->says), "%.900s", reply);
  ulfius_stop_framework(&instance); /* the requests have ended */
  if (program->counts) {
    snprintf(series, sizeof series, "request_total{method=\"GET\",%s} 2\n", program->counts);
    ck_assert_msg(counted(tel, series), "%s", series);
  } else {
    ck_assert(!counted(tel, "status=\"200\"} 2\n") && !counted(tel, "status=\"404\"} 2\n"));
  }
  tel_free(tel, 1000);
  ulfius_clean_instance(&instance);
}

START_TEST(test_programs_and_their_metrics) {
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
    try_program(&programs[i], false);
    try_program(&programs[i], true);
  }
}
END_TEST

static void keep_path(const char *path) {
  char reply[65536];
  prepare();
  struct tel *tel = tel_new("adapter", "1");
  ck_assert_int_eq(tel_ulfius_observe_at(tel, &instance, path), 0);
  ck_assert_int_eq(tel_ulfius_observe(tel, &instance), 0); /* as after adding endpoints */
  ck_assert_int_eq(tel_ulfius_start(tel, &instance, NULL), U_OK);
  ck_assert_int_eq(tel_start(tel), 0);
  ask("/metrics", reply, sizeof reply);
  ck_assert_msg(strstr(reply, " 404 "), "%.900s", reply);
  if (path) ask(path, reply, sizeof reply);
  ck_assert_msg(!path || strstr(reply, OURS), "%.900s", reply);
  end(tel);
}

START_TEST(test_another_path_stays) {
  keep_path("/internal/metrics");
  keep_path(NULL);
}
END_TEST

/* Only the hooks see the requests of an endpoint that is added after the instance was observed. */
static void add_later(bool hooks) {
  char reply[1024];
  prepare();
  struct tel *tel = tel_new("adapter", "1");
  ck_assert_int_eq(tel_ulfius_observe(tel, &instance), 0);
  ck_assert_int_eq(ulfius_add_endpoint_by_val(&instance, "GET", "/later", NULL, 0, fill, NULL), U_OK);
  ck_assert_int_eq(hooks ? tel_ulfius_start(NULL, &instance, NULL) : ulfius_start_framework(&instance), U_OK);
  ck_assert_int_eq(tel_start(tel), 0);
  ask("/later", reply, sizeof reply);
  ck_assert_msg(strstr(reply, "the program's"), "%s", reply);
  ulfius_stop_framework(&instance);
  ck_assert_int_eq(counted(tel, "request_total{method=\"GET\",route=\"unmatched\",status=\"200\"} 1\n"),
                   hooks);
  ck_assert(!counted(tel, "/later"));
  tel_free(tel, 1000);
  ulfius_clean_instance(&instance);
}

START_TEST(test_an_endpoint_added_later) {
  add_later(false);
  add_later(true);
}
END_TEST

/* The adapter observes and restores the copy like any other endpoint. */
START_TEST(test_an_endpoint_copied_to_another_instance) {
  char reply[1024];
  struct _u_instance second;
  prepare();
  struct tel *tel = tel_new("adapter", "1");
  ck_assert_int_eq(tel_ulfius_observe(tel, &instance), 0);
  port = loopback_free_port();
  struct sockaddr_in at = loopback_address(port);
  ck_assert_int_eq(ulfius_init_instance(&second, port, &at, NULL), U_OK);
  ck_assert_int_eq(ulfius_add_endpoint(&second, &instance.endpoint_list[0]), U_OK);
  ck_assert_int_eq(tel_ulfius_start(tel, &second, NULL), U_OK);
  ck_assert_int_eq(tel_start(tel), 0);
  ask("/hello/you", reply, sizeof reply);
  ck_assert_msg(strstr(reply, "hello"), "%s", reply);
  ulfius_stop_framework(&second);
  ck_assert(counted(tel, "request_total{method=\"GET\",route=\"/hello/:name\",status=\"200\"} 1\n"));
  tel_free(tel, 1000);
  ck_assert(is_restored() && second.endpoint_list[0].callback_function == hello);
  ulfius_clean_instance(&second);
  ulfius_clean_instance(&instance);
}
END_TEST

/* A request of a route without series of its own still has its fields. */
START_TEST(test_more_routes_than_series) {
  enum { ROUTES = 1100 };
  char name[32], reply[4096];
  prepare();
  for (int i = 0; i < ROUTES; i++) {
    snprintf(name, sizeof name, "/many/%d", i);
    ck_assert_int_eq(ulfius_add_endpoint_by_val(&instance, "GET", name, NULL, 0, fill, NULL), U_OK);
  }
  char path[] = "/tmp/test_adapter.XXXXXX", text[65536];
  close(mkstemp(path));
  ck_assert_ptr_nonnull(freopen(path, "w", stdout));
  struct tel *tel = run();
  ask(name, reply, sizeof reply);
  ck_assert_msg(strstr(reply, "the program's"), "%s", reply);
  end(tel);
  read_text(path, text, sizeof text);
  unlink(path);
  ck_assert_msg(strstr(text, "\"method\":\"GET\",\"route\":\"/many/1099\",\"status\":200,"), "%s", text);
}
END_TEST

static int ask_by_tls(void) {
  char url[64];
  snprintf(url, sizeof url, "https://127.0.0.1:%u/hello/you", port);
  CURL *curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  int result = curl_easy_perform(curl);
  curl_easy_cleanup(curl);
  return result;
}

/* The program starts Ulfius itself, so the adapter has no connection to ask. */
START_TEST(test_the_scheme) {
  static char key[8192], certificate[8192], text[65536];
  char dir[] = "/tmp/test_adapter.XXXXXX", command[256], path[64];
  if (system("openssl version >/dev/null 2>&1") != 0) return; /* it makes the certificate */
  ck_assert_ptr_nonnull(mkdtemp(dir));
  ck_assert_int_eq(chdir(dir), 0);
  snprintf(command, sizeof command,
           "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate"
           " -days 2 -subj /CN=localhost 2>said");
  ck_assert_int_eq(system(command), 0);
  read_text("key", key, sizeof key);
  read_text("certificate", certificate, sizeof certificate);
  prepare();
  setenv("OTEL_TRACES_EXPORTER", "console", 1);
  snprintf(path, sizeof path, "%s/out", dir);
  ck_assert_ptr_nonnull(freopen(path, "w", stdout));
  struct tel *tel = tel_new("adapter", "1");
  ck_assert_int_eq(tel_ulfius_observe(tel, &instance), 0);
  ck_assert_int_eq(tel_start(tel), 0);
  ck_assert_int_eq(ulfius_start_secure_framework(&instance, key, certificate), U_OK);
  ck_assert_int_eq(ask_by_tls(), CURLE_OK);
  ulfius_stop_framework(&instance);
  ck_assert_uint_eq(tel_free(tel, 10000), 0);
  ulfius_clean_instance(&instance);
  read_text(path, text, sizeof text);
  ck_assert_msg(strstr(text, "\"url.scheme\":\"https\""), "%s", text);
  snprintf(command, sizeof command, "rm -r %s", dir);
  ck_assert_int_eq(system(command), 0);
}
END_TEST

TEST_MAIN("adapter", test_observing, test_serving, test_headers_of_one_name_in_other_cases, test_the_scheme,
          test_programs_and_their_metrics, test_another_path_stays, test_more_routes_than_series,
          test_what_cannot_be_started, test_a_scrape_is_whole_or_fails,
          test_a_scrape_reads_all_lists_of_formats, test_an_endpoint_added_later,
          test_a_callback_that_calls_another, test_an_endpoint_copied_to_another_instance)
