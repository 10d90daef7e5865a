/* process_* metrics with their standard names, read from /proc/self at each scrape. */
#ifndef TELEMETRY_PROCESS_H
#define TELEMETRY_PROCESS_H

#include "telemetry/metrics.h"

/* Registers process_cpu_seconds_total, process_open_fds, process_max_fds, process_virtual_memory_bytes,
 * process_resident_memory_bytes, process_start_time_seconds, process_threads. Errors as tel_read_family(). */
TEL_MUST_CHECK int tel_process_register(struct tel_registry *registry);

#endif
