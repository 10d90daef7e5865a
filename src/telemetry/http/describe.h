/* A SERVER span's attributes after OpenTelemetry's semantic conventions for HTTP. Internal to this project.
 */
#ifndef TELEMETRY_HTTP_DESCRIBE_H
#define TELEMETRY_HTTP_DESCRIBE_H

#include <tel/http.h>

/* method: one of HTTP's own, or "_OTHER"; route: the template, or NULL; both outlive the attributes. status
 * 0: there was no answer. Takes NULL attributes. */
void tel_http_describe(struct tel_attributes *attributes, const struct tel_http_request *request,
                       const char *method, const char *route, unsigned status);

#endif
