/* SPDX-License-Identifier: MIT */
#include "http/reply.h"

#include <string.h>

#include "base/random.h"
#include "base/utf8.h"
#include "support/test.h"

START_TEST(test_rows_are_whole) {
  for (int i = HTTP_NO_PROBLEM + 1; i < HTTP_PROBLEM_COUNT; i++) {
    const struct http_problem_row *row = http_problem_row((enum http_problem)i);
    ck_assert_uint_ge(row->status, 400);
    ck_assert_uint_lt(row->status, 600);
    ck_assert_uint_eq(row->code[strspn(row->code, "abcdefghijklmnopqrstuvwxyz_")], '\0');
    ck_assert_int_eq(http_problem_by_code(row->code), i); /* no code twice */
    ck_assert(*row->title && *row->advice);
    /* 505 is caused by the client, although its status is among the server errors. */
    if (row->status >= 500 && row->status != 505) ck_assert(row->error);
  }
  ck_assert_int_eq(http_problem_by_code("unheard_of"), HTTP_NO_PROBLEM);
}
END_TEST

/* No terms of libraries, and no advice that a request cannot follow, such as another card. */
START_TEST(test_advice_can_be_followed) {
  static const char *const foreign[] = {"JSON_", "jansson", "Ulfius", "MHD", "card"};
  for (int i = HTTP_NO_PROBLEM + 1; i < HTTP_PROBLEM_COUNT; i++)
    for (size_t word = 0; word < sizeof foreign / sizeof *foreign; word++)
      ck_assert_ptr_null(strstr(http_problem_row((enum http_problem)i)->advice, foreign[word]));
}
END_TEST

START_TEST(test_a_quote_is_short_and_utf8) {
  static const struct {
    const char *text, *quote;
  } cases[] = {{"", ""},
               {"mug", "mug"},
               {"0123456789012345678901234567890123456789", "0123456789012345678901234567890123456789"},
               {"01234567890123456789012345678901234567890", "0123456789012345678901234567890123456789..."},
               {"a\xff", "a\xef\xbf\xbd"},
               {"\xe2\x82", "\xef\xbf\xbd"}};
  char quote[HTTP_QUOTE_SIZE], text[1024];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_str_eq(http_reply_quote(cases[i].text, quote), cases[i].quote);
  for (unsigned first = 0x80; first <= 0xff; first++) { /* each byte that is not ASCII, too often */
    memset(text, (int)first, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    http_reply_quote(text, quote);
    ck_assert(utf8_valid(quote, strlen(quote)));
  }
  for (int round = 0; round < 1000; round++) {
    random_bytes((uint8_t *)text, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    http_reply_quote(text, quote);
    ck_assert(utf8_valid(quote, strlen(quote)));
  }
}
END_TEST

START_TEST(test_each_reason_of_the_shop_is_a_problem_of_the_same_word) {
  ck_assert_int_eq(http_problem_of(SHOP_DONE), HTTP_NO_PROBLEM);
  for (int i = SHOP_DONE + 1; i < SHOP_REASON_COUNT; i++) {
    enum shop_reason reason = (enum shop_reason)i;
    ck_assert_str_eq(http_problem_row(http_problem_of(reason))->code, shop_reason_word(reason));
  }
}
END_TEST

START_TEST(test_a_clients_mistake_is_not_an_error) {
  static const char *const mistakes[] = {"invalid_request", "unsupported_media_type", "payload_too_large",
                                         "not_found",       "method_not_allowed",     "unknown_sku",
                                         "unknown_order",   "already_paid",           "header_too_large"};
  for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
    ck_assert(!http_problem_row(http_problem_by_code(mistakes[i]))->error);
    ck_assert_int_eq(http_problem_row(http_problem_by_code(mistakes[i]))->level, TEL_WARN);
  }
}
END_TEST

/* Each byte that a URI reference may not hold is percent-encoded, and the reference names no other host. */
START_TEST(test_instance_is_a_uri_reference) {
  static const struct {
    const char *path, *instance;
  } cases[] = {{"/order/a-b_c.~", "/order/a-b_c.~"},
               {"/a%2fb%C3%a9", "/a%2fb%C3%a9"},
               {"/100%", "/100%25"},
               {"/%zz%4", "/%25zz%254"},
               {"/a\"<>[]^`{|}\\", "/a%22%3C%3E%5B%5D%5E%60%7B%7C%7D%5C"},
               {"/\xc3\xa9", "/%C3%A9"},
               {"//a/b", "/.//a/b"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct http_exchange exchange = {.path = cases[i].path, .reply = BUF_INIT(65536)};
    char wanted[100];
    snprintf(wanted, sizeof wanted, "\"instance\":\"%s\"", cases[i].instance);
    http_reply_problem(&exchange, HTTP_NOT_FOUND, "Not here.");
    ck_assert_msg(strstr(buf_cstr(&exchange.reply), wanted) != NULL, "%s: %s", wanted, exchange.reply.data);
    buf_free(&exchange.reply);
  }
  char path[1000]; /* cut, but not inside an encoded byte */
  for (size_t shift = 0; shift < 3; shift++) {
    memset(path, 'a', shift);
    for (size_t at = shift; at < sizeof path - 3; at += 3) strcpy(path + at, "%41");
    struct http_exchange exchange = {.path = path, .reply = BUF_INIT(65536)};
    http_reply_problem(&exchange, HTTP_NOT_FOUND, "Not here.");
    ck_assert_ptr_nonnull(strstr(buf_cstr(&exchange.reply), "%41\","));
    buf_free(&exchange.reply);
  }
}
END_TEST

TEST_MAIN("problem", test_instance_is_a_uri_reference, test_rows_are_whole, test_advice_can_be_followed,
          test_a_quote_is_short_and_utf8, test_each_reason_of_the_shop_is_a_problem_of_the_same_word,
          test_a_clients_mistake_is_not_an_error)
