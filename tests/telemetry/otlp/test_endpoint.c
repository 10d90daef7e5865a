/* SPDX-License-Identifier: MIT */
#include "telemetry/otlp/endpoint.h"

#include "support/environment.h"
#include "support/test.h"
#include "telemetry/otlp/proxy.h"

START_TEST(test_show) {
  static const struct {
    const char *url, *shown;
  } cases[] = {{"http://collector:4318/v1/traces", "http://collector:4318/v1/traces"},
               {"https://user:secret@collector/x?key=secret#secret", "https://collector/x"},
               {"http://secret@[::1]:1", "http://[::1]:1/"},
               {"not a url", "not a url"},
               {"user:secret@host with blanks", "(hidden: it may hold a password)"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char out[TEL_ENDPOINT_SHOWN_SIZE];
    ck_assert_str_eq(tel_endpoint_show(cases[i].url, out), cases[i].shown);
  }
}
END_TEST

START_TEST(test_loopback) {
  static const char *const here[] = {"http://localhost:1",    "http://LOCALHOST/",    "https://localhost.:1/",
                                     "http://127.0.0.1:4318", "http://127.255.0.9/",  "http://127.1:1/",
                                     "http://[::1]:4318/",    "http://u@127.0.0.1/",  "http://0.0.0.0:1",
                                     "http://[::]:1",         "http://shop.localhost"};
  static const char *const elsewhere[] = {
      "http://collector:4318", "http://10.0.0.1",     "http://localhost.test",      "http://127.0.0.1.test",
      "http://[fe80::1]",      "http://notlocalhost", "http://128.0.0.1/127.0.0.1", "nonsense://"};
  for (size_t i = 0; i < sizeof here / sizeof *here; i++)
    ck_assert_msg(tel_endpoint_loopback(here[i]), "%s", here[i]);
  for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
    ck_assert_msg(!tel_endpoint_loopback(elsewhere[i]), "%s", elsewhere[i]);
}
END_TEST

START_TEST(test_proxies) {
  static const struct {
    const char *url, *shown, *except;
    const char *variables[4];
  } cases[] = {
      {"http://collector", "", "", {NULL}},
      {"http://collector", "http://p:3128 (http_proxy)", "", {"http_proxy=http://p:3128", NULL}},
      {"http://collector",
       "http://p:3128 (http_proxy)",
       "a,b",
       {"http_proxy=\thttp://u:secret@p:3128/\n", "NO_PROXY=a,b\n"}},
      {"http://collector", "http://p:3128 (http_proxy)", "", {"http_proxy=p:3128", NULL}},
      {"http://collector",
       "http://p:1080 (all_proxy)",
       "",
       {"https_proxy=q", "all_proxy=p", "http_proxy= \n"}},
      {"https://collector", "http://q:1 (HTTPS_PROXY)", "", {"HTTPS_PROXY=http://q:1", "http_proxy=p"}},
      {"http://collector", "", "", {"HTTP_PROXY=http://p:3128"}}, /* a web server's, not ours */
      {"http://127.0.0.1:4318", "", "", {"http_proxy=http://p:3128", "all_proxy=p"}},
      {"http://collector", "of http_proxy, which is not a URL", "", {"http_proxy=http://u:secret@a b"}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct tel_proxy proxy;
    tel_proxy_find(cases[i].url, environment_get, (void *)(uintptr_t)cases[i].variables, &proxy);
    ck_assert_str_eq(proxy.shown, cases[i].shown);
    ck_assert_str_eq(proxy.except, cases[i].except);
    ck_assert_int_eq(*proxy.url != '\0', *cases[i].shown != '\0');
  }
}
END_TEST

TEST_MAIN("endpoint", test_show, test_loopback, test_proxies)
