/* SPDX-License-Identifier: MIT */
#include "http/routes.h"

#include <string.h>

#include "support/test.h"

static const char *span_of(const char *method, const char *path) {
  const struct http_route *route = http_route_find(path, method);
  return route ? route->span : NULL;
}

START_TEST(test_paths_are_exact) {
  ck_assert_str_eq(span_of("POST", "/order"), "CreateOrder");
  ck_assert_str_eq(span_of("POST", "/payment/pay"), "ProcessPayment");
  static const char *const others[] = {"",          "/",       "order",          "//order",  "/order/",
                                       "/ORDER",    "/orders", "/%6frder",       "/order;x", "/payment",
                                       "/metrics/", "*",       "http://h/order", "/order#f"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    ck_assert_ptr_null(http_route_find(others[i], "POST"));
}
END_TEST

/* A parameter is one non-empty segment, which is not decoded. */
START_TEST(test_a_parameter_is_one_segment) {
  static const char *const values[] = {"a",     "ord_0123",   ".",    "..",   "%2f",
                                       "a%00b", "{order_id}", "\xff", "a;b=c"};
  static const char *const others[] = {"/order/",    "/order//",     "/order/a/",     "/order/a/b",
                                       "//order/a",  "/order//a",    "/Order/a",      "order/a",
                                       "/order/a//", "/order/a/../", "/x/../order/a", "/orders/a"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    char path[64] = "/order/", value[64];
    strcat(path, values[i]);
    const struct http_route *route = http_route_find(path, "GET");
    ck_assert_msg(route && strcmp(route->path, "/order/{order_id}") == 0, "%s", path);
    ck_assert_uint_eq(http_route_parameter(route, path, "order_id", value, sizeof value), strlen(values[i]));
    ck_assert_str_eq(value, values[i]);
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    ck_assert_msg(!http_route_find(others[i], "GET"), "%s", others[i]);
}
END_TEST

START_TEST(test_a_parameter_is_bounded) {
  char value[8];
  const struct http_route *route = http_route_find("/order/0123456789", "GET");
  ck_assert_uint_eq(http_route_parameter(route, "/order/0123456789", "order_id", value, sizeof value), 10);
  ck_assert_str_eq(value, "0123456");
  ck_assert_uint_eq(http_route_parameter(route, "/order/0123456789", "order", value, sizeof value), 0);
  ck_assert_str_eq(value, "");
  route = http_route_find("/order", "POST");
  ck_assert_uint_eq(http_route_parameter(route, "/order", "order_id", value, sizeof value), 0);
}
END_TEST

START_TEST(test_methods) {
  const struct http_route *order = http_route_find("/order", "GET"),
                          *metrics = http_route_find("/metrics", "PUT");
  ck_assert(http_route_takes(order, "POST"));
  ck_assert(!http_route_takes(order, "post"));
  ck_assert(!http_route_takes(order, "GET"));
  ck_assert(!http_route_takes(order, "HEAD"));
  ck_assert(http_route_takes(metrics, "GET"));
  ck_assert(http_route_takes(metrics, "HEAD"));
  ck_assert(!http_route_takes(metrics, "POST"));
}
END_TEST

START_TEST(test_allow_names_the_methods_of_all_rows) {
  char allow[HTTP_ALLOW_SIZE];
  http_route_allow("/order", allow);
  ck_assert_str_eq(allow, "POST");
  http_route_allow("/order/7", allow);
  ck_assert_str_eq(allow, "GET, HEAD");
  http_route_allow("/metrics", allow);
  ck_assert_str_eq(allow, "GET, HEAD");
  http_route_allow("/nothing", allow);
  ck_assert_str_eq(allow, "");
}
END_TEST

/* What http_route_find() requires of every row, also of later ones. */
START_TEST(test_rows_are_whole) {
  for (int i = 0; i < HTTP_ROUTE_COUNT; i++) {
    const struct http_route *route = &http_routes[i];
    ck_assert_ptr_nonnull(route->handle);
    ck_assert_uint_ge(route->status, 200);
    ck_assert_uint_lt(route->status, 300);
    ck_assert_int_eq(http_route_is_probe(route), !route->done);
    ck_assert_int_eq(!route->done, !route->failed);
    ck_assert_int_eq(!route->done, !route->rejected);
    /* The row is found by its own template: no other row hides it, and a parameter is a whole segment. */
    ck_assert_ptr_eq(http_route_find(route->path, route->method), route);
    for (const char *at = route->path; (at = strchr(at, '{')); at++) {
      const char *end = strchr(at, '}');
      ck_assert(at[-1] == '/' && end && end > at + 1 && (end[1] == '/' || end[1] == '\0'));
    }
  }
  ck_assert(!http_route_is_probe(NULL));
}
END_TEST

START_TEST(test_list_names_all_or_says_that_there_are_more) {
  char text[1024], some[48];
  http_route_list(text, sizeof text);
  for (int i = 0; i < HTTP_ROUTE_COUNT; i++) ck_assert_ptr_nonnull(strstr(text, http_routes[i].path));
  for (size_t size = 16; size <= sizeof some; size++) {
    http_route_list(some, size);
    size_t len = strlen(some);
    ck_assert_msg(len < size && strcmp(some + len - 4, " ...") == 0, "%zu: %s", size, some);
  }
}
END_TEST

TEST_MAIN("routes", test_paths_are_exact, test_a_parameter_is_one_segment, test_a_parameter_is_bounded,
          test_methods, test_allow_names_the_methods_of_all_rows, test_rows_are_whole,
          test_list_names_all_or_says_that_there_are_more)
