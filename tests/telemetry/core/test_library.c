/* SPDX-License-Identifier: MIT */
/* The library as a whole: tables of metrics, several instances, out of memory. */
#include "config.h" /* first: GNU extensions */

#include <curl/curl.h>
#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <tel/http.h>
#include <tel/scrape.h>
#include <tel/telemetry.h>
#include <unistd.h>

#include "support/allocations.h"
#include "support/loopback.h"
#include "support/test.h"
#include "telemetry/settings/keyvalues.h"
#include "telemetry/settings/otel_env.h"

static struct tel_counter *count, *missing;
static struct tel_gauge *level;
static struct tel_histogram *size;
static struct tel_family *by_name;
static const double bounds[] = {1, 2};
static const struct tel_metric table[] = {
    {.type = TEL_METRIC_COUNTER, .name = "one_total", .help = "One.", .counter = &count},
    {.type = TEL_METRIC_GAUGE, .name = "level", .help = "Level.", .gauge = &level},
    {.type = TEL_METRIC_HISTOGRAM, .name = "size", .buckets = bounds, .bucket_count = 2, .histogram = &size},
    {.type = TEL_METRIC_COUNTER, .name = "named_total", .labels = "first second", .family = &by_name},
};
static const struct tel_metric bad[] = {
    {.type = TEL_METRIC_COUNTER, .name = "no-name_total", .counter = &missing},
    {.type = TEL_METRIC_COUNTER, .name = "still_total", .counter = &count},
    {.type = TEL_METRIC_COUNTER, .name = "other_total", .labels = "a b c d e f g h i"},
};
enum { ROWS = sizeof table / sizeof *table, BAD_ROWS = sizeof bad / sizeof *bad };

static void read_seven(void *cls, struct tel_emit *emit) {
  tel_emit_value(emit, NULL, *(const double *)cls);
}

static struct tel *quiet(const char *name) {
  setenv("OTEL_TRACES_EXPORTER", "none", 1);
  return tel_new(name, "1");
}

START_TEST(a_table_fills_its_handles) {
  struct tel *tel = quiet("table");
  struct tel_counter *named = NULL;
  ck_assert_int_eq(tel_register(tel, table, ROWS), 0);
  tel_counter_add(count, 2);
  tel_gauge_set(level, 3);
  tel_histogram_observe(size, 1, NULL);
  ck_assert_uint_eq(tel_counter_value(count), 2);
  ck_assert_int_eq(tel_counter_series(by_name, (const char *const[]){"a", "b"}, &named), 0);
  tel_free(tel, 0);
}
END_TEST

START_TEST(a_row_may_be_read_at_the_scrape) {
  static double seven = 7;
  struct tel_family *unset = NULL;
  const struct tel_metric rows[] = {
      {.type = TEL_METRIC_GAUGE, .name = "seven", .help = "Seven.", .read = read_seven, .cls = &seven},
      {.type = TEL_METRIC_HISTOGRAM,
       .name = "no_histogram",
       .read = read_seven,
       .cls = &seven,
       .family = &unset},
  };
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_scrape scrape;
  ck_assert_int_eq(tel_registry_add(registry, rows, 2), TEL_E_VALUE); /* the error of the second row */
  ck_assert_ptr_null(unset);
  ck_assert_int_eq(tel_scrape(registry, NULL, NULL, &scrape), 0);
  ck_assert_ptr_nonnull(memmem(scrape.body, scrape.size, "\nseven 7\n", 9));
  tel_scrape_free(&scrape);
  tel_registry_free(registry);
}
END_TEST

START_TEST(the_first_bad_row_is_told) {
  struct tel *tel = quiet("table");
  missing = count = NULL;
  ck_assert_int_eq(tel_register(tel, bad, BAD_ROWS), TEL_E_NAME);
  ck_assert_ptr_null(missing);
  ck_assert_ptr_nonnull(count);
  ck_assert_int_eq(tel_start(tel), TEL_E_NAME);
  ck_assert_ptr_nonnull(strstr(tel_error(tel), "no-name_total"));
  tel_free(tel, 0);
}
END_TEST

START_TEST(null_does_nothing) {
  struct tel_http_request request = {.method = "GET", .path = "/"};
  ck_assert_int_eq(tel_register(NULL, table, ROWS), 0);
  ck_assert_int_ne(tel_start(NULL), 0);
  ck_assert_ptr_nonnull(tel_error(NULL));
  tel_fail(NULL, TEL_E_MEMORY, "x");
  ck_assert_ptr_null(tel_registry(NULL));
  ck_assert_ptr_null(tel_tracer(NULL));
  ck_assert_ptr_null(tel_logger(NULL));
  ck_assert_ptr_null(tel_http_route(NULL, "GET", "/"));
  ck_assert_ptr_null(tel_http_begin(NULL, &request));
  tel_http_cut(NULL, TEL_HTTP_CUT_CLIENT);
  tel_http_lost(NULL, NULL);
  tel_http_end(NULL, NULL, 200, 0);
  ck_assert_int_eq(tel_http_keep(NULL), 0);
  ck_assert_ptr_null(tel_http_span(NULL));
  ck_assert_ptr_null(tel_http_fields(NULL));
  ck_assert_uint_eq(tel_free(NULL, 0), 0);
}
END_TEST

static void serve(struct tel *tel) {
  char path[] = "/path";
  struct tel_http_request request = {.method = "GET", .path = path, .client = "127.0.0.1"};
  struct tel_http_route *route = tel_http_route(tel, "GET", "/path");
  struct tel_http_exchange *exchange = tel_http_begin(tel, &request);
  tel_attributes_set_int(tel_http_fields(exchange), "n", 1);
  if (tel_http_keep(exchange) == 0) memset(path, '!', sizeof path - 1);
  tel_http_end(exchange, route, 200, 1);
  tel_http_lost(tel_http_begin(tel, &request), route);
}

START_TEST(instances_do_not_meet_and_follow_each_other) {
  for (int round = 0; round < 3; round++) {
    struct tel *one = quiet("one"), *other = quiet("other");
    ck_assert_int_eq(tel_register(one, table, ROWS), 0);
    struct tel_counter *first = count;
    ck_assert_int_eq(tel_register(other, table, ROWS), 0);
    ck_assert_ptr_ne(first, count);
    ck_assert_int_eq(tel_start(one), 0);
    ck_assert_int_eq(tel_start(other), 0);
    tel_counter_add(first, 1);
    serve(one), serve(other);
    ck_assert_uint_eq(tel_counter_value(count), 0);
    ck_assert_uint_eq(tel_free(one, 2000), 0);
    serve(other);
    ck_assert_uint_eq(tel_free(other, 2000), 0);
  }
}
END_TEST

static void *serve_many(void *cls) {
  for (int i = 0; i < 2000; i++) serve(cls);
  return NULL;
}

START_TEST(threads_serve_at_once) {
  struct tel *tel = quiet("threads");
  pthread_t threads[4];
  ck_assert_int_eq(tel_start(tel), 0);
  for (int i = 0; i < 4; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, serve_many, tel), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  tel_free(tel, 5000);
}
END_TEST

/* A program may continue after a failure, and still serve scrapes. */
static void scrape(struct tel *tel) {
  struct tel_scrape scrape;
  if (tel_scrape(tel_registry(tel), NULL, NULL, &scrape) == 0) tel_scrape_free(&scrape);
}

START_TEST(every_allocation_may_fail) {
  bool whole = false;
  for (unsigned at = 1; !whole; at++) {
    allocations_fail_at(at);
    struct tel *tel = quiet("memory");
    scrape(tel);
    tel_register(tel, table, ROWS);
    serve(tel);
    int error = tel_start(tel);
    scrape(tel);
    tel_free(tel, 0);
    whole = allocations_count() < at;
    allocations_succeed();
    ck_assert(!whole || error == 0);
    ck_assert_uint_lt(at, 5000);
  }
}
END_TEST

static unsigned curl_mallocs;

static void *curl_malloc(size_t bytes) {
  curl_mallocs++;
  return malloc(bytes);
}

static void *curl_calloc(size_t items, size_t bytes) {
  curl_mallocs++;
  return calloc(items, bytes);
}

/* libcurl accepts an allocator only in its first initialisation. */
START_TEST(libcurl_stays_the_programs) {
  ck_assert_int_eq(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
  struct tel *refused = tel_new("", "1"), *good = quiet("good");
  ck_assert_int_eq(tel_start(refused), TEL_E_VALUE);
  tel_free(refused, 0);
  tel_free(good, 0);
  ck_assert_int_eq(curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, free, realloc, strdup, curl_calloc),
                   CURLE_OK);
  curl_easy_cleanup(curl_easy_init());
  ck_assert_uint_eq(curl_mallocs, 0);
  curl_global_cleanup();
  curl_global_cleanup();
}
END_TEST

/* libmicrohttpd keeps blanks after a header's value. */
START_TEST(a_traceparent_may_have_blanks_around_it) {
  static const char *const headers[] = {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 \t",
                                        "\t 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
  struct tel *tel = quiet("blanks");
  for (int i = 0; i < 2; i++) {
    const struct tel_http_request request = {.method = "GET", .path = "/", .traceparent = headers[i]};
    struct tel_http_exchange *exchange = tel_http_begin(tel, &request);
    char id[TEL_TRACE_ID_HEX_SIZE];
    tel_trace_id_hex(tel_span_context(tel_http_span(exchange)), id);
    ck_assert_str_eq(id, "0af7651916cd43dd8448eb211c80319c");
    tel_http_end(exchange, NULL, 200, 0);
  }
  tel_free(tel, 0);
}
END_TEST

START_TEST(a_route_is_text) {
  struct tel *tel = quiet("route");
  const struct tel_http_request request = {.method = "GET", .path = "/"};
  struct tel_http_route *route = tel_http_route(tel, "GET", "/caf\xE9");
  struct tel_scrape scrape;
  ck_assert_ptr_eq(tel_http_route(tel, "GET", "/caf\xE9"), route);
  tel_http_end(tel_http_begin(tel, &request), route, 200, 0);
  ck_assert_int_eq(tel_scrape(tel_registry(tel), NULL, NULL, &scrape), 0);
  char *text = strndup(scrape.body, scrape.size);
  ck_assert_ptr_nonnull(
      strstr(text, "request_total{method=\"GET\",route=\"/caf\xEF\xBF\xBD\",status=\"200\"} 1\n"));
  free(text);
  tel_scrape_free(&scrape);
  tel_free(tel, 0);
}
END_TEST

/* Makes and sets a locale. Returns false if the system has no sources for it. */
static bool set_locale(const char *name, const char *charset) {
  char dir[] = "/tmp/test_library.XXXXXX", command[256], whole[64];
  ck_assert_ptr_nonnull(mkdtemp(dir));
  snprintf(whole, sizeof whole, "%s.%s", name, charset);
  snprintf(command, sizeof command, "localedef -i %s -f %s %s/%s >%s.said 2>&1", name, charset, dir, whole,
           dir);
  bool made = system(command) == 0 && setenv("LOCPATH", dir, 1) == 0 && setlocale(LC_ALL, whole);
  snprintf(command, sizeof command, "rm -r %s %s.said", dir, dir);
  ck_assert_int_eq(system(command), 0);
  return made;
}

/* Returns a library that reads these variables, and so samples nothing. */
static struct tel *new_without_samples(const char *sampler, const char *ratio) {
  setenv("OTEL_TRACES_EXPORTER", "otlp", 1);
  setenv("OTEL_TRACES_SAMPLER", sampler, 1);
  setenv("OTEL_TRACES_SAMPLER_ARG", ratio, 1);
  struct tel *tel = tel_new("locale", "1");
  struct tel_span *span = tel_span_start(tel_tracer(tel), "span", TEL_SPAN_INTERNAL, NULL, NULL, 0);
  ck_assert(!tel_context_sampled(tel_span_context(span)));
  tel_span_end(span, 0);
  return tel;
}

static void check_numbers(void) {
  struct tel_histogram *histogram = NULL;
  const double half[] = {0.5};
  const struct tel_metric row = {.type = TEL_METRIC_HISTOGRAM,
                                 .name = "part",
                                 .buckets = half,
                                 .bucket_count = 1,
                                 .histogram = &histogram};
  struct tel_scrape scrape;
  struct tel *tel = new_without_samples("traceidratio", "0.000000000001");
  struct tel_log_record *record = tel_log_begin(tel_logger(tel), TEL_INFO);
  struct tel_attributes *fields = tel_log_fields(record);
  tel_attributes_set_double(fields, "part", 0.123456789);
  ck_assert_double_eq(tel_attributes_find(fields, "part")->value.real, 0.123456789);
  tel_log_message(record, "line");
  ck_assert_int_eq(tel_register(tel, &row, 1), 0);
  tel_histogram_observe(histogram, 0.123456789, NULL);
  ck_assert_int_eq(tel_scrape(tel_registry(tel), NULL, NULL, &scrape), 0);
  char *text = strndup(scrape.body, scrape.size);
  ck_assert_ptr_nonnull(strstr(text, "\npart_bucket{le=\"0.5\"} 1\n"));
  ck_assert_ptr_nonnull(strstr(text, "\npart_sum 0.123456789\n"));
  free(text);
  tel_scrape_free(&scrape);
  tel_free(tel, 0);
}

/* The program may have set a locale with another decimal point: a comma, or two bytes. */
START_TEST(a_locale_changes_no_number) {
  static const char *const locales[] = {"de_DE", "ps_AF"};
  for (int i = 0; i < 2; i++)
    if (set_locale(locales[i], "UTF-8")) check_numbers();
}
END_TEST

/* In Turkish, 'i' is not the lower case of 'I'. */
START_TEST(a_locale_changes_no_word) {
  enum tel_level parsed = TEL_FATAL;
  struct tel_scrape scrape;
  if (!set_locale("tr_TR", "UTF-8")) return;
  ck_assert(tel_level_parse("info", &parsed) && parsed == TEL_INFO);
  struct tel *tel = new_without_samples("TraceIdRatio", "0");
  ck_assert_int_eq(tel_scrape(tel_registry(tel), "APPLICATION/OPENMETRICS-TEXT", "GZIP", &scrape), 0);
  ck_assert_ptr_nonnull(strstr(scrape.content_type, "openmetrics"));
  ck_assert_ptr_nonnull(scrape.content_encoding);
  tel_scrape_free(&scrape);
  tel_free(tel, 0);
}
END_TEST

static void check_shown_key(void *cls, unsigned position, const char *key, const char *why) {
  (void)position, (void)why;
  ck_assert_str_eq(key, "caf");
  ++*(int *)cls;
}

/* In Latin 1, isalnum() accepts 0xE9. */
START_TEST(a_locale_changes_no_character) {
  int omitted = 0;
  if (!set_locale("de_DE", "ISO-8859-1")) return;
  ck_assert_ptr_nonnull(tel_header_check("caf\xE9", "1"));
  ck_assert(!tel_keyvalues_read("caf\xE9=%", NULL, check_shown_key, &omitted));
  ck_assert_int_eq(omitted, 1);
}
END_TEST

/* A collector that never responds: the kernel accepts the connection. */
static int listen_silently(void) {
  char url[64];
  unsigned port;
  int fd = loopback_listen(&port);
  snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
  setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
  return fd;
}

/* Whether the end writes the exporter's report, which comes only at the deadline. */
static bool writes_last_failure(void) {
  static char text[16384];
  char path[] = "/tmp/test_library.XXXXXX";
  close(mkstemp(path));
  ck_assert_ptr_nonnull(freopen(path, "w", stdout));
  struct tel *tel = tel_new("end", "1");
  ck_assert_int_eq(tel_start(tel), 0);
  tel_span_end(tel_span_start(tel_tracer(tel), "lost", TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
  uint64_t lost = tel_free(tel, 100);
  FILE *file = fopen(path, "r");
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  unlink(path);
  return lost == 1 && strstr(text, "\"message\":\"span export failed\"") && strstr(text, "(lost so far: 1)");
}

/* On a busy machine the log writer may be late, but not always. */
START_TEST(the_last_failure_is_written) {
  int listener = listen_silently(), tries = 0;
  while (!writes_last_failure()) ck_assert_int_lt(++tries, 10);
  close(listener);
}
END_TEST

static struct tel *ending;
static int ended, destroyed;

static void end_late(void *cls) {
  tel_log_event(tel_logger(ending), TEL_INFO, "the end", NULL);
  ended += *(const int *)cls;
}

static void end_early(void *cls) {
  ck_assert_int_eq(tel_at_end(ending, end_late, cls), 0);
  ended += *(const int *)cls;
}

/* Nothing is left that could export a span, write a line or be scraped. */
static void use_the_parts(void *cls) {
  ck_assert_ptr_null(tel_tracer(ending));
  ck_assert_ptr_null(tel_logger(ending));
  ck_assert_ptr_null(tel_registry(ending));
  ck_assert_int_eq(tel_register(ending, table, ROWS), 0);
  serve(ending);
  destroyed += *(const int *)cls;
}

START_TEST(callbacks_of_the_end_may_use_telemetry) {
  static int one = 1;
  ending = quiet("end");
  ck_assert_int_eq(tel_own(ending, use_the_parts, &one), 0);
  ck_assert_int_eq(tel_at_end(ending, end_early, &one), 0);
  ck_assert_int_eq(tel_start(ending), 0);
  serve(ending); /* makes an object that is destroyed before the first */
  ck_assert_uint_eq(tel_free(ending, 5000), 0);
  ck_assert_int_eq(ended, 2);
  ck_assert_int_eq(destroyed, 1);
}
END_TEST

START_TEST(a_second_start_is_refused) {
  struct tel *tel = quiet("twice");
  ck_assert_int_eq(tel_start(tel), 0);
  ck_assert_int_eq(tel_logger_start(tel_logger(tel)), TEL_E_VALUE);
  ck_assert_int_eq(tel_start(tel), TEL_E_VALUE);
  ck_assert_uint_eq(tel_free(tel, 5000), 0);
}
END_TEST

static void *read_error(void *tel) {
  const char *text;
  do text = tel_error(tel);
  while (!*text);
  ck_assert_str_eq(text, "the first: out of memory");
  return NULL;
}

/* ThreadSanitizer detects a bad access. */
START_TEST(the_error_is_read_while_it_is_written) {
  struct tel *tel = tel_new("demo", "1.2.3");
  pthread_t reader;
  ck_assert_int_eq(pthread_create(&reader, NULL, read_error, tel), 0);
  tel_fail(tel, TEL_E_MEMORY, "the first");
  tel_fail(tel, TEL_E_VALUE, "the second");
  pthread_join(reader, NULL);
  tel_free(tel, 0);
}
END_TEST

TEST_MAIN("library", a_table_fills_its_handles, a_row_may_be_read_at_the_scrape, the_first_bad_row_is_told,
          null_does_nothing, the_error_is_read_while_it_is_written,
          instances_do_not_meet_and_follow_each_other, threads_serve_at_once, every_allocation_may_fail,
          libcurl_stays_the_programs, a_traceparent_may_have_blanks_around_it, a_route_is_text,
          a_locale_changes_no_number, a_locale_changes_no_word, a_locale_changes_no_character,
          the_last_failure_is_written, callbacks_of_the_end_may_use_telemetry, a_second_start_is_refused)
