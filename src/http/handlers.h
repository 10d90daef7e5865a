/* One handler a route. Each reads the exchange's request, replies once, and stores its results in the
 * exchange. The prototypes come from the route table. */
#ifndef HTTP_HANDLERS_H
#define HTTP_HANDLERS_H

#include "http/routes.h"

#define HTTP_HANDLER(method, path, handle, ...) void handle(struct http_exchange *exchange);
HTTP_ROUTES(HTTP_HANDLER)
#undef HTTP_HANDLER

#endif
