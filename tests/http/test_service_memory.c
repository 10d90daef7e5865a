/* SPDX-License-Identifier: MIT */
/* Without memory the service still responds, and its telemetry agrees with what it sent. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "http/service.h"
#include "support/allocations.h"
#include "support/loopback.h"
#include "support/shop_settings.h"
#include "support/test.h"

static struct shop *shop;
static struct tel_registry *registry;
static struct http_service *service;

static void start(void) {
  static const double buckets[] = {1};
  struct shop_settings shop_settings = shop_defaults();
  struct error error;
  shop_settings.payment_latency_ms = shop_settings.inventory_latency_ms = 0;
  shop_settings.payment_failure_rate = 0;
  registry = tel_registry_new(NULL);
  ck_assert_ptr_nonnull(registry);
  shop = shop_new(&shop_settings, registry);
  ck_assert_ptr_nonnull(shop);
  struct http_service_settings settings = {.server = SERVER_SETTINGS_DEFAULT,
                                           .buckets = buckets,
                                           .bucket_count = 1,
                                           .version = "1",
                                           .commit = "2",
                                           .compiler = "3"};
  settings.server.address.v4.sin_port = 0;
  const struct http_service_parts parts = {.shop = shop, .registry = registry};
  ck_assert_msg(http_service_new(&settings, &parts, &service, &error) == 0, "%s", error.text);
  ck_assert_msg(http_service_start(service, &error) == 0, "%s", error.text);
}

static void stop(void) {
  ck_assert_uint_eq(http_service_drain(service, clock_mono_ns() + 10 * CLOCK_NS_PER_S), 0);
  http_service_free(service);
  shop_free(shop);
  tel_registry_free(registry);
}

static void ask(const char *request, char *reply, size_t size) {
  loopback_ask(address_port(http_service_address(service)), request, reply, size);
}

/* The value of request_total with these labels in /metrics. */
static double counted(const char *method, const char *route, unsigned status) {
  static char text[1 << 18];
  char name[128];
  ask("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", text, sizeof text);
  ck_assert_msg(strncmp(text, "HTTP/1.1 200", 12) == 0, "%.200s", text);
  snprintf(name, sizeof name, "\nrequest_total{method=\"%s\",route=\"%s\",status=\"%u\"} ", method, route,
           status);
  const char *at = strstr(text, name);
  return at ? strtod(at + strlen(name), NULL) : 0;
}

static void check_answer(unsigned at, const char *method, const char *route, const char *reply,
                         unsigned usual) {
  unsigned status = (unsigned)strtoul(reply + strlen("HTTP/1.1 "), NULL, 10);
  ck_assert_msg(status == usual || status == 503, "%u: %s", at, reply);
  ck_assert_msg(strstr(reply, "\r\nX-Request-Id: ") != NULL, "%u: %s", at, reply);
  ck_assert_msg(strstr(reply, "\r\ntraceparent: ") != NULL, "%u: %s", at, reply);
  ck_assert_msg((strstr(reply, "\r\nRetry-After: ") != NULL) == (status == 503), "%u: %s", at, reply);
  ck_assert_msg(counted(method, route, status) == 1, "%u: not counted as the %u that it was", at, status);
}

/* The id in a request that stands for an order which can be paid. */
#define ORDER "ord_00000000000000000000"

/* Makes an order, and puts its id into the request. */
static void make_order(char *id) {
  static const char made[] = "\"order_id\":\"";
  char reply[4096];
  ask("POST /order HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", reply, sizeof reply);
  const char *at = strstr(reply, made);
  ck_assert_msg(at != NULL, "%s", reply);
  memcpy(id, at + sizeof made - 1, sizeof ORDER - 1);
}

/* Each allocation of this program for that request fails in turn. A success without memory for its body
 * becomes 503. A problem keeps its status and loses its body. Returns the number of allocations. */
static unsigned each_fails(const char *method, const char *route, const char *text, unsigned usual) {
  char reply[4096], request[512];
  snprintf(request, sizeof request, "%s", text);
  unsigned answers = 0, unavailable = 0, at;
  bool failed = true;
  for (at = 1; failed; at++) {
    start();
    if (strstr(text, ORDER)) make_order(request + (strstr(text, ORDER) - text));
    allocations_fail_at(at);
    ask(request, reply, sizeof reply);
    allocations_succeed();
    failed = allocations_count() >= at;
    if (*reply) {
      check_answer(at, method, route, reply, usual);
      answers++;
      unavailable += strstr(reply, " 503 ") != NULL;
    }
    stop();
  }
  ck_assert_uint_gt(answers, unavailable);
  ck_assert_int_eq(unavailable > 0, usual < 400);
  return at - 2;
}

START_TEST(test_order) {
  unsigned count =
      each_fails("POST", "/order", "POST /order HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 201);
  TEST_FIGURE("test_order", "POST /order: %u", count);
}
END_TEST

START_TEST(test_payment) {
  each_fails("POST", "/payment/pay",
             "POST /payment/pay HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
             "Content-Type: application/json\r\nContent-Length: 39\r\n\r\n{\"order_id\":\"" ORDER "\"}",
             200);
}
END_TEST

START_TEST(test_state) {
  each_fails("GET", "/order/{order_id}",
             "GET /order/" ORDER " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200);
}
END_TEST

START_TEST(test_problem) {
  each_fails("POST", "/order",
             "POST /order HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: text/plain\r\n"
             "Content-Length: 1\r\n\r\na",
             415);
}
END_TEST

START_TEST(test_unknown_order) {
  each_fails("GET", "/order/{order_id}", "GET /order/ord_0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
             404);
}
END_TEST

TEST_MAIN("service without memory", test_order, test_payment, test_state, test_problem, test_unknown_order)
