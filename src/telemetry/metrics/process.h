/* SPDX-License-Identifier: MIT */
/* process_* metrics with their standard names, read from /proc/self once per scrape. */
#ifndef TELEMETRY_METRICS_PROCESS_H
#define TELEMETRY_METRICS_PROCESS_H

#include "tel/metrics.h"

/* Registers process_cpu_seconds_total, process_open_fds, process_max_fds, process_virtual_memory_bytes,
 * process_resident_memory_bytes, process_start_time_seconds, process_threads. An unreadable value is absent,
 * not 0. Errors as for tel_read_family(); families registered before the error stay. */
TEL_MUST_CHECK int tel_process_register(struct tel_registry *registry);
/* The same from another root than /proc (copied), for tests. */
TEL_MUST_CHECK int tel_process_register_at(struct tel_registry *registry, const char *proc);

#endif
