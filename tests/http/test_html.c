/* SPDX-License-Identifier: MIT */
#include "http/html.h"

#include "support/test.h"

START_TEST(test_text) {
  static const struct {
    const char *text, *wanted;
  } cases[] = {
      {"", ""},
      {"plain \xC3\xA9", "plain \xC3\xA9"},
      {"<script>alert(\"1\")</script>", "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"},
      {"' onload='x'", "&#39; onload=&#39;x&#39;"},
      {"&amp;", "&amp;amp;"},
      {"a\nb\tc", "a\nb\tc"},
      {"\x01\x7f\r", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xC2\x85", "\xEF\xBF\xBD"},
      {"\xff<\xE2\x82", "\xEF\xBF\xBD&lt;\xEF\xBF\xBD"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct buf out = BUF_INIT(1000);
    http_html_string(&out, cases[i].text);
    ck_assert_str_eq(buf_cstr(&out), cases[i].wanted);
    buf_free(&out);
  }
}
END_TEST

START_TEST(test_query_value) {
  struct buf out = BUF_INIT(1000);
  http_html_query_value(&out, "/order/{id}?a=b&c \"<\xff-._~");
  ck_assert_str_eq(buf_cstr(&out), "%2Forder%2F%7Bid%7D%3Fa%3Db%26c%20%22%3C%FF-._~");
  buf_free(&out);
}
END_TEST

TEST_MAIN("html", test_text, test_query_value)
