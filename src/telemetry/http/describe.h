/* SPDX-License-Identifier: MIT */
/* The attributes of a SERVER span, following OpenTelemetry's semantic conventions for HTTP, and the same
 * fields of a log line. */
#ifndef TELEMETRY_HTTP_DESCRIBE_H
#define TELEMETRY_HTTP_DESCRIBE_H

#include <stdatomic.h>
#include <tel/http.h>

/* The standard methods (RFC 9110, RFC 5789). All others share the last row, "_OTHER". */
enum { TEL_HTTP_METHODS = 10, TEL_HTTP_OTHER = TEL_HTTP_METHODS - 1 };
extern const char *const tel_http_methods[TEL_HTTP_METHODS];
/* The row of a method. */
size_t tel_http_method_index(const char *method);
/* The path of a request's target. Of a target in absolute form (RFC 9112), skips the scheme and the
 * authority, which may hold a password. Points into target, or to "/". A query stays. */
const char *tel_http_path_of(const char *target);

/* The attributes method, route and status, encoded once for all requests that share them. */
struct tel_http_parts;
typedef _Atomic(struct tel_http_parts *) tel_http_parts_place;

/* Returns the parts at that place; makes them if it is NULL. method: a standard one, or "_OTHER"; route: the
 * template, or NULL; status 0: no response. Returns NULL when out of memory. Any thread. */
const struct tel_http_parts *tel_http_parts_get(tel_http_parts_place *place, const char *method,
                                                const char *route, unsigned status);
void tel_http_parts_free(struct tel_http_parts *parts);

/* Sets the span's attributes: the shared parts, and those of this request only. Accepts NULL attributes. */
void tel_http_describe(struct tel_attributes *attributes, const struct tel_http_request *request,
                       const char *method, const struct tel_http_parts *parts);
/* Sets method, route and status of a log line. */
void tel_http_describe_line(struct tel_attributes *fields, const struct tel_http_parts *parts);

#endif
