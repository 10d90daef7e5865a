/* SPDX-License-Identifier: MIT */
/* The metrics of HTTP requests, and each route's series. */
#ifndef TELEMETRY_HTTP_INSTRUMENTS_H
#define TELEMETRY_HTTP_INSTRUMENTS_H

#include <tel/http.h>

#include "telemetry/http/describe.h"

struct tel_http_result {
  unsigned status;
  bool failed, cut; /* if both are set, the reason is "cut" */
  uint64_t duration_ns;
  uint64_t end_unix_ns; /* on the clock of the trace */
};
/* Records an ended request. context: for its exemplar, or NULL. route NULL: unmatched. Returns the parts that
 * its span and its log line share with other requests, or NULL when out of memory. */
const struct tel_http_parts *tel_http_record(struct tel *tel, const struct tel_http_route *route,
                                             const char *method, const struct tel_http_result *result,
                                             const struct tel_context *context);
/* The name of the span: "GET /order/:id", or the method alone if route is NULL. It lives as long as tel. */
const char *tel_http_span_name(const struct tel_http_route *route, const char *method);

#endif
