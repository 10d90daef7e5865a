/* SPDX-License-Identifier: MIT */
/* Who produces the telemetry: OpenTelemetry's resource. Internal to src/telemetry. */
#ifndef TELEMETRY_CORE_RESOURCE_H
#define TELEMETRY_CORE_RESOURCE_H

#include "tel/attributes.h"
#include "tel/error.h"
#include "telemetry/traces/tracing.h"

struct tel_resource;

/* Made from the settings and from what the system tells, for the process that calls (pid). What the program
 * says (service, process, SDK) beats OTEL_RESOURCE_ATTRIBUTES, which beats what is detected (host,
 * container). NULL when out of memory. */
struct tel_resource *tel_resource_new(const struct tel_tracing_settings *settings,
                                      const char *service_version, const char *instance_id);
void tel_resource_free(struct tel_resource *resource);
const struct tel_attributes *tel_resource_attributes(const struct tel_resource *resource);

/* Finds the id of a container, 64 hexadecimal digits, in the text of /proc/self/mountinfo or cgroup. */
bool tel_container_id(const char *text, char out[65]);

#endif
