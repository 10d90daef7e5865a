/* SPDX-License-Identifier: MIT */
/* An exchange with its span, its metrics and its log line, over the public interface. */
#include "config.h" /* first: memmem() */

#include <stdio.h>
#include <string.h>
#include <tel/http.h>
#include <tel/scrape.h>
#include <unistd.h>

#include "support/test.h"

static char path[] = "/tmp/test_exchange.XXXXXX", output[65536];

/* Lines go to a file, as JSON, and spans too if the exporter is "console". */
static struct tel *open_with(const char *exporter) {
  setenv("OTEL_TRACES_EXPORTER", exporter, 1);
  close(mkstemp(path));
  ck_assert_ptr_nonnull(freopen(path, "w", stdout));
  struct tel *tel = tel_new("exchange", "1");
  ck_assert_int_eq(tel_start(tel), 0);
  return tel;
}

static struct tel *open_telemetry(void) {
  return open_with("console");
}

static void close_telemetry(struct tel *tel) {
  ck_assert_uint_eq(tel_free(tel, 10000), 0);
  FILE *file = fopen(path, "r");
  output[fread(output, 1, sizeof output - 1, file)] = '\0';
  fclose(file);
  unlink(path);
}

static struct tel_http_exchange *begin(struct tel *tel) {
  return tel_http_begin(tel, &(struct tel_http_request){.method = "GET", .path = "/"});
}

static void expect_line(const char *with, const char *also) {
  const char *line = strstr(output, with), *end = line ? strchr(line, '\n') : NULL;
  while (line && line > output && line[-1] != '\n') line--;
  ck_assert_msg(end && memmem(line, (size_t)(end - line), also, strlen(also)), "%s: %s: %s", with, also,
                output);
}

START_TEST(test_a_handler_knows_its_failure_best) {
  struct tel *tel = open_telemetry();
  struct tel_http_exchange *own = begin(tel), *cut = begin(tel), *plain = begin(tel), *fine = begin(tel);
  tel_attributes_set_string(tel_span_attributes(tel_http_span(own)), "error.type", "no_database");
  tel_span_set_status(tel_http_span(own), TEL_STATUS_ERROR, "the database is down");
  tel_http_end(own, NULL, 503, 0);
  tel_attributes_set_string(tel_span_attributes(tel_http_span(cut)), "error.type", "no_disk");
  tel_http_cut(cut, TEL_HTTP_CUT_SERVER);
  tel_http_end(cut, NULL, 200, 0);
  tel_http_end(plain, NULL, 500, 0);
  tel_span_set_status(tel_http_span(fine), TEL_STATUS_OK, NULL);
  tel_http_end(fine, NULL, 504, 0);
  close_telemetry(tel);
  expect_line("\"error.type\":\"no_database\"", "\"http.response.status_code\":503");
  expect_line("\"error.type\":\"no_database\"", "\"status_message\":\"the database is down\"");
  expect_line("\"error.type\":\"no_disk\"", "\"status\":\"error\"");
  expect_line("\"error.type\":\"500\"", "\"status\":\"error\"");
  expect_line("\"http.response.status_code\":504", "\"status\":\"ok\"");
}
END_TEST

START_TEST(test_a_route_names_its_method_in_any_case) {
  struct tel *tel = open_telemetry();
  struct tel_scrape scrape;
  static const char line[] = "request_total{method=\"GET\",route=\"/here\",status=\"200\"} 0\n";
  ck_assert_ptr_nonnull(tel_http_route(tel, "get", "/here"));
  ck_assert_int_eq(tel_scrape(tel_registry(tel), NULL, NULL, &scrape), 0);
  ck_assert_ptr_nonnull(memmem(scrape.body, scrape.size, line, sizeof line - 1));
  ck_assert_ptr_null(memmem(scrape.body, scrape.size, "_OTHER", 6));
  tel_scrape_free(&scrape);
  close_telemetry(tel);
}
END_TEST

/* The caller's trace is sampled, but without an exporter this process records no span of it. */
static void end_a_sampled_request(const char *exporter, bool exemplars) {
  struct tel *tel = open_with(exporter);
  struct tel_scrape scrape;
  const struct tel_http_request about = {
      .method = "GET", .path = "/", .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
  tel_http_end(tel_http_begin(tel, &about), NULL, 500, 0);
  ck_assert_int_eq(tel_scrape(tel_registry(tel), "application/openmetrics-text", NULL, &scrape), 0);
  ck_assert_int_eq(memmem(scrape.body, scrape.size, "0af7651916cd43dd8448eb211c80319c", 32) != NULL,
                   exemplars);
  tel_scrape_free(&scrape);
  close_telemetry(tel);
  expect_line("\"message\":\"request failed\"", "0af7651916cd43dd8448eb211c80319c");
}

START_TEST(test_an_exemplar_names_a_recorded_span) {
  end_a_sampled_request("console", true);
}
END_TEST

START_TEST(test_no_exemplar_without_a_recorded_span) {
  end_a_sampled_request("none", false);
}
END_TEST

/* A target in absolute form is a URL, perhaps with a password. */
START_TEST(test_the_path_of_a_url) {
  static const char *const cases[][2] = {{"http://user:topsecret@shop.test:1/cup/9", "/cup/9"},
                                         {"HTTPS://shop.test/a//b", "/a//b"},
                                         {"http://user:topsecret@shop.test", "/"},
                                         {"http:///x", "/x"},
                                         {"/http://x/y", "/http://x/y"},
                                         {"*", "*"},
                                         {"ftp://user:topsecret@a/b", "/b"},
                                         {"http://user:topsecret@a?/b", "/"},
                                         {"a/b://c", "a/b://c"},
                                         {"://a/b", "://a/b"},
                                         {"", ""}};
  struct tel *tel = open_telemetry();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct tel_http_request about = {.method = "GET", .path = cases[i][0]};
    struct tel_http_exchange *exchange = tel_http_begin(tel, &about);
    char number[16];
    snprintf(number, sizeof number, "case %zu", i);
    tel_attributes_set_string(tel_span_attributes(tel_http_span(exchange)), "case", number);
    tel_attributes_set_string(tel_http_fields(exchange), "case", number);
    if (i % 2) ck_assert_int_eq(tel_http_keep(exchange), 0);
    tel_http_end(exchange, NULL, 200, 0);
  }
  close_telemetry(tel);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char span[64], line[64], path_of_span[64], path_of_line[64];
    snprintf(span, sizeof span, "\"attributes\":{\"case\":\"case %zu\"", i);
    snprintf(path_of_span, sizeof path_of_span, "\"url.path\":\"%s\"", cases[i][1]);
    expect_line(span, path_of_span);
    snprintf(line, sizeof line, ",\"case\":\"case %zu\"}", i);
    snprintf(path_of_line, sizeof path_of_line, "\"path\":\"%s\"", cases[i][1]);
    expect_line(line, path_of_line);
  }
  ck_assert_ptr_null(strstr(output, "topsecret"));
}
END_TEST

TEST_MAIN("exchange", test_a_handler_knows_its_failure_best, test_a_route_names_its_method_in_any_case,
          test_an_exemplar_names_a_recorded_span, test_no_exemplar_without_a_recorded_span,
          test_the_path_of_a_url)
