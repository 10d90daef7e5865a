/* The route table: what the service answers, and how each route is seen in spans and logs. One row a route.
 */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

struct http_exchange;

enum { HTTP_ROUTES = 6, HTTP_SHOP_ROUTES = 2 }; /* the shop's routes come first; the others are probes */

struct http_route {
  const char *method; /* GET serves HEAD too */
  const char *path;   /* also the label route and the attribute http.route */
  void (*handle)(struct http_exchange *exchange);
  /* Probes have none of these: they are in no trace, not in request_total, and log at DEBUG. */
  const char *span;                     /* name of the SERVER span */
  const char *done, *failed, *rejected; /* log messages */
  const char *inner_field;              /* log field with the duration of the inner step, in ms */
};

extern const struct http_route http_routes[HTTP_ROUTES];

/* The route of that path, whatever the method, or NULL. */
const struct http_route *http_route_find(const char *path);
bool http_route_takes(const struct http_route *route, const char *method);
/* The value of Allow for it. */
const char *http_route_allow(const struct http_route *route);
bool http_route_is_probe(const struct http_route *route);

#endif
