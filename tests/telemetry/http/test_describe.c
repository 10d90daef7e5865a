/* SPDX-License-Identifier: MIT */
/* The attributes of a SERVER span: the query is redacted as the conventions ask. */
#include "config.h" /* first: memmem() */

#include "telemetry/http/describe.h"

#include <string.h>

#include "support/allocations.h"
#include "support/test.h"

static struct tel_attributes attributes;

static void describe(const char *query) {
  const struct tel_http_request request = {.method = "GET", .path = "/", .query = query};
  tel_attributes_init(&attributes, 128, UINT32_MAX);
  tel_http_describe(&attributes, &request, "GET", NULL);
}

/* shown NULL: the attribute must be absent. */
static void expect_query(const char *query, const char *shown) {
  describe(query);
  const struct tel_attribute *pair = tel_attributes_find(&attributes, "url.query");
  if (!shown) {
    ck_assert_msg(!pair, "%s", query);
  } else {
    ck_assert_msg(pair && pair->value.string.len == strlen(shown) &&
                      memcmp(pair->value.string.data, shown, strlen(shown)) == 0,
                  "%s: %.*s", query, pair ? (int)pair->value.string.len : 0,
                  pair ? pair->value.string.data : "");
  }
  tel_attributes_clear(&attributes);
}

START_TEST(test_no_secret) {
  static const char *const queries[] = {"a=b",
                                        "a",
                                        "&",
                                        "=",
                                        "=sig",
                                        "a=sig=1",
                                        "sig",
                                        "sig&a=1",
                                        "a=1&Signature",
                                        "sign=1",
                                        "mysig=1",
                                        "si=g",
                                        "SIG=1",
                                        "signature=1",
                                        "x-amz-signature=1",
                                        "X-Amz-Date=1",
                                        "X-Amz-Signature2=1",
                                        "a=?sig=1"};
  expect_query(NULL, NULL);
  expect_query("", NULL);
  for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) expect_query(queries[i], queries[i]);
}
END_TEST

START_TEST(test_values_of_secrets_are_redacted) {
  static const struct {
    const char *query, *shown;
  } cases[] = {{"AWSAccessKeyId=x", "AWSAccessKeyId=REDACTED"},
               {"Signature=x", "Signature=REDACTED"},
               {"sig=x", "sig=REDACTED"},
               {"X-Amz-Credential=x", "X-Amz-Credential=REDACTED"},
               {"X-Amz-Security-Token=x", "X-Amz-Security-Token=REDACTED"},
               {"X-Amz-Signature=x", "X-Amz-Signature=REDACTED"},
               {"X-Goog-Signature=x", "X-Goog-Signature=REDACTED"},
               {"q=OpenTelemetry&sig=x", "q=OpenTelemetry&sig=REDACTED"},
               {"sig=x&q=OpenTelemetry", "sig=REDACTED&q=OpenTelemetry"},
               {"a=1&sig=x&b=2&Signature=y&c", "a=1&sig=REDACTED&b=2&Signature=REDACTED&c"},
               {"sig=x&sig=y", "sig=REDACTED&sig=REDACTED"},
               {"sig=", "sig=REDACTED"},
               {"sig=&a", "sig=REDACTED&a"},
               {"sig=a%3D=b?c;d/e", "sig=REDACTED"},
               {"&&sig=x&&", "&&sig=REDACTED&&"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) expect_query(cases[i].query, cases[i].shown);
}
END_TEST

/* A port without a name is left out. name NULL: both must be absent. port 0: it must be absent. */
START_TEST(test_the_server_of_a_host) {
  static const struct {
    const char *host, *name;
    int port;
  } cases[] = {{"shop", "shop", 80},
               {"shop:8080", "shop", 8080},
               {"[::1]:8080", "::1", 8080},
               {"[::1]", "::1", 80},
               {"shop:", "shop", 0},
               {"shop:x", "shop", 0},
               {"shop:80x", "shop", 0},
               {"shop:80 ", "shop", 0},
               {"[::1]:80]", "::1", 0},
               {"shop:65536", "shop", 0},
               {"user:password@shop:81", "shop", 81},
               {"a@b:c@[::1]", "::1", 80},
               {"user:80@", NULL, 0},
               {":8080", NULL, 0},
               {"[]:8080", NULL, 0},
               {":", NULL, 0},
               {"", NULL, 0},
               {NULL, NULL, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const struct tel_http_request request = {.method = "GET", .path = "/", .host = cases[i].host};
    tel_attributes_init(&attributes, 128, UINT32_MAX);
    tel_http_describe(&attributes, &request, "GET", NULL);
    const struct tel_attribute *port = tel_attributes_find(&attributes, "server.port");
    ck_assert_msg(cases[i].port == (port ? port->value.integer : 0), "%s", cases[i].host);
    const struct tel_attribute *name = tel_attributes_find(&attributes, "server.address");
    ck_assert_msg(!cases[i].name == !name, "%s", cases[i].host);
    ck_assert_msg(!name || (name->value.string.len == strlen(cases[i].name) &&
                            memcmp(name->value.string.data, cases[i].name, name->value.string.len) == 0),
                  "%s", cases[i].host);
    tel_attributes_clear(&attributes);
  }
}
END_TEST

/* Without memory the attribute is absent: a secret never appears instead. */
static bool describe_without_memory(void) {
  static char query[4096];
  memset(query, 'a', sizeof query - 1);
  memcpy(query + 2000, "&sig=x&", 7);
  describe(query);
  allocations_succeed();
  const struct tel_attribute *pair = tel_attributes_find(&attributes, "url.query");
  ck_assert(!pair || memmem(pair->value.string.data, pair->value.string.len, "sig=x", 5) == NULL);
  bool complete = pair && memmem(pair->value.string.data, pair->value.string.len, "sig=REDACTED&a", 14);
  tel_attributes_clear(&attributes);
  return complete;
}

START_TEST(test_without_memory) {
  ck_assert_uint_ge(allocations_walk(describe_without_memory), 2);
}
END_TEST

TEST_MAIN("describe", test_no_secret, test_values_of_secrets_are_redacted, test_the_server_of_a_host,
          test_without_memory)
