/* SPDX-License-Identifier: MIT */
/* OpenTelemetry's resource: the attributes of the process that produces the telemetry. */
#ifndef TELEMETRY_CORE_RESOURCE_H
#define TELEMETRY_CORE_RESOURCE_H

#include "tel/attributes.h"
#include "telemetry/settings/tracing_settings.h"

/* Describes the calling process, from the settings and the system. The program's values (service, process,
 * SDK) override OTEL_RESOURCE_ATTRIBUTES, and that variable overrides detected values (host, container). NULL
 * when out of memory. */
struct tel_attributes *tel_resource_new(const struct tel_tracing_settings *settings,
                                        const char *service_version, const char *instance_id);
/* Accepts NULL. */
void tel_resource_free(struct tel_attributes *resource);

/* Returns the value of host.arch for uname's machine. The conventions have other names than the kernel for
 * the common ones; the others stay. */
const char *tel_host_arch(const char *machine);

/* Finds the id of a container, 64 hexadecimal digits, in the text of /proc/self/mountinfo or cgroup. */
bool tel_container_id(const char *text, char out[65]);

#endif
