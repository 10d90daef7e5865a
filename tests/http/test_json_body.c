/* SPDX-License-Identifier: MIT */
/* The body of a request: the accepted values, and the message for each error. */
#include "http/json_body.h"

#include <string.h>

#include "support/test.h"

static struct http_exchange exchange;

static bool take_word(const json_t *value, void *out) {
  if (!json_is_string(value)) return false;
  *(const char **)out = json_string_value(value);
  return true;
}

static bool take_count(const json_t *value, void *out) {
  if (!json_is_integer(value)) return false;
  *(json_int_t *)out = json_integer_value(value);
  return true;
}

static json_t *read_body(const char *body, size_t len, const char *type, const char **word,
                         json_int_t *count) {
  const struct json_field fields[] = {{"word", true, "a string", take_word, word},
                                      {"count", false, "an integer", take_count, count}};
  buf_free(&exchange.reply);
  memset(&exchange, 0, sizeof exchange);
  exchange.reply = (struct buf)BUF_INIT(65536);
  exchange.path = "/test";
  exchange.body = body;
  exchange.body_len = len;
  exchange.headers[HTTP_CONTENT_TYPE] = type;
  return http_json_body(&exchange, fields, sizeof fields / sizeof *fields);
}

START_TEST(test_fields_are_taken) {
  static const char *const types[] = {"application/json", "Application/JSON;charset=utf-8",
                                      "application/json ; x=y"};
  static const char body[] = "{\"word\":\"hello\",\"count\":7}";
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    const char *word = NULL;
    json_int_t count = 0;
    json_t *json = read_body(body, sizeof body - 1, types[i], &word, &count);
    ck_assert_msg(json != NULL, "%s", types[i]);
    ck_assert_str_eq(word, "hello");
    ck_assert_int_eq(count, 7);
    ck_assert_int_eq(exchange.problem, HTTP_NO_PROBLEM);
    json_decref(json);
  }
}
END_TEST

START_TEST(test_mistakes_are_named) {
  static const struct {
    const char *body, *said;
  } cases[] = {
      {"{\"word\":1}", "The field 'word' must be a string."},
      {"{\"count\":1}", "The field 'word' is missing: it must be a string."},
      {"", "The field 'word' is missing: it must be a string."},
      {"{\"word\":\"x\",\"count\":\"1\"}", "The field 'count' must be an integer."},
      {"{\"word\":\"x\",\"count\":99999999999999999999999}", "The field 'count' must be an integer."},
      {"{\"word\":\"x\",\"other\":1}", "The field 'other' is unknown. Known fields: 'word', 'count'."},
      {"[]", "The body is not a JSON object, such as {}."},
      {"1", "The body is not a JSON object, such as {}."},
      {"{\"word\":\"x\",\"word\":\"y\"}", "the same field occurs twice"},
      {"{\"word\":\"x\"} x", "there is more text after the JSON value"},
      {"{\"word\":\"\\u0000\"}", "\\u0000 is not allowed"},
      {"{\"word\":\"\xff\"}", "this is not UTF-8"},
      {"{\"word\":", "the text ends too early"},
      {"{word}", "this is not JSON syntax"},
      {"{\"word\":1e999}", "this number is too large"},
      {"[[[[[[[[[]]]]]]]]]", "The body is nested more than 8 levels deep."},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *word = NULL;
    json_int_t count = 0;
    ck_assert_ptr_null(read_body(cases[i].body, strlen(cases[i].body), "application/json", &word, &count));
    ck_assert_msg(strstr(exchange.detail, cases[i].said) != NULL, "%s: %s", cases[i].body, exchange.detail);
    ck_assert_int_eq(exchange.problem, HTTP_INVALID_REQUEST);
    ck_assert_uint_eq(exchange.status, 400);
  }
}
END_TEST

START_TEST(test_nul_bytes_are_refused) {
  static const struct {
    const char *text;
    size_t len;
  } bodies[] = {
      {"{\"word\":\"a\",\"count\":7\0}", 23}, {"{\"word\":\"a\"}\0", 13}, {"{\0\"word\":\"a\"}", 13}};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    const char *word = NULL;
    json_int_t count = 0;
    ck_assert(!read_body(bodies[i].text, bodies[i].len, "application/json", &word, &count));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&exchange.reply), "The body has a NUL byte"));
  }
}
END_TEST

START_TEST(test_other_types_are_refused) {
  static const char *const types[] = {"text/plain", "application/jsonx", "application/json-seq", "",
                                      "application/json x"};
  const char *word = NULL;
  json_int_t count = 0;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    ck_assert_ptr_null(read_body("{}", 2, types[i], &word, &count));
    ck_assert_int_eq(exchange.problem, HTTP_UNSUPPORTED_MEDIA_TYPE);
    ck_assert_str_eq(exchange.accept, "application/json");
  }
  ck_assert_ptr_null(read_body("{}", 2, NULL, &word, &count));
  ck_assert_msg(strstr(exchange.detail, "no Content-Type, or more than one") != NULL, "%s", exchange.detail);
}
END_TEST

TEST_MAIN("json_body", test_fields_are_taken, test_mistakes_are_named, test_nul_bytes_are_refused,
          test_other_types_are_refused)
