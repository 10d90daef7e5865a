#include "http/routes.h"

#include <string.h>

#include "http/handlers.h"

const struct http_route http_routes[HTTP_ROUTES] = {
    {"POST", "/order", http_handle_order, "CreateOrder", "order created", "order failed", "order rejected",
     "inventory_ms"},
    {"POST", "/payment/pay", http_handle_payment, "ProcessPayment", "payment succeeded", "payment failed",
     "payment rejected", "charge_ms"},
    {.method = "GET", .path = "/metrics", .handle = http_handle_metrics},
    {.method = "GET", .path = "/healthz", .handle = http_handle_healthz},
    {.method = "GET", .path = "/readyz", .handle = http_handle_readyz},
    {.method = "GET", .path = "/version", .handle = http_handle_version},
};

const struct http_route *http_route_find(const char *path) {
  for (size_t i = 0; i < HTTP_ROUTES; i++)
    if (strcmp(http_routes[i].path, path) == 0) return &http_routes[i];
  return NULL;
}

static bool is_get(const struct http_route *route) {
  return strcmp(route->method, "GET") == 0;
}

bool http_route_takes(const struct http_route *route, const char *method) {
  return strcmp(route->method, method) == 0 || (is_get(route) && strcmp(method, "HEAD") == 0);
}

const char *http_route_allow(const struct http_route *route) {
  return is_get(route) ? "GET, HEAD" : route->method;
}

bool http_route_is_probe(const struct http_route *route) {
  return route && !route->span;
}
