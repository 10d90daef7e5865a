#include "http/routes.h"

#include "support/test.h"

START_TEST(test_paths_are_exact) {
  ck_assert_str_eq(http_route_find("/order")->span, "CreateOrder");
  ck_assert_str_eq(http_route_find("/payment/pay")->span, "ProcessPayment");
  static const char *const others[] = {"",          "/",       "order",          "//order",  "/order/",
                                       "/ORDER",    "/orders", "/%6frder",       "/order;x", "/payment",
                                       "/metrics/", "*",       "http://h/order", "/order#f"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) ck_assert_ptr_null(http_route_find(others[i]));
}
END_TEST

START_TEST(test_methods) {
  const struct http_route *order = http_route_find("/order"), *metrics = http_route_find("/metrics");
  ck_assert(http_route_takes(order, "POST"));
  ck_assert(!http_route_takes(order, "post"));
  ck_assert(!http_route_takes(order, "GET"));
  ck_assert(!http_route_takes(order, "HEAD"));
  ck_assert_str_eq(http_route_allow(order), "POST");
  ck_assert(http_route_takes(metrics, "GET"));
  ck_assert(http_route_takes(metrics, "HEAD"));
  ck_assert(!http_route_takes(metrics, "POST"));
  ck_assert_str_eq(http_route_allow(metrics), "GET, HEAD");
}
END_TEST

/* Labels are found by the place in the table: the shop's routes come first, and only they are observed in
 * full. */
START_TEST(test_the_shops_routes_come_first) {
  for (int i = 0; i < HTTP_ROUTES; i++) {
    ck_assert_int_eq(http_route_is_probe(&http_routes[i]), i >= HTTP_SHOP_ROUTES);
    if (i < HTTP_SHOP_ROUTES) {
      ck_assert_ptr_nonnull(http_routes[i].done);
      ck_assert_ptr_nonnull(http_routes[i].failed);
      ck_assert_ptr_nonnull(http_routes[i].rejected);
      ck_assert_ptr_nonnull(http_routes[i].inner_field);
    }
  }
  ck_assert(!http_route_is_probe(NULL));
}
END_TEST

TEST_MAIN("routes", test_paths_are_exact, test_methods, test_the_shops_routes_come_first)
