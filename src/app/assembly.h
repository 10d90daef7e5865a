/* SPDX-License-Identifier: MIT */
/* Assembles the service from telemetry, shop and HTTP. Starts the parts in order and stops them in reverse.
 * Only this module knows all layers. For the main thread. */
#ifndef APP_ASSEMBLY_H
#define APP_ASSEMBLY_H

#include <stdint.h>

#include "app/config.h"
#include "tel/log.h"

struct app_assembly;

/* Opens the log and binds the address; starts no thread. Applies the OTEL_ variables. daemon: the default log
 * is syslog. Returns 0, or -1 with a text in error. */
int app_assembly_new(const struct app_config *config, bool daemon, struct app_assembly **out,
                     struct error *error);
/* Starts the threads. First block the signals that the main thread waits for. Returns 0 when the service is
 * ready, or -1 with a text in error; then free the assembly. */
int app_assembly_start(struct app_assembly *assembly, struct error *error);
/* Applies the reloaded settings of the shop and the log level. */
void app_assembly_reconfigure(struct app_assembly *assembly, const struct app_config *config);
/* Counts a finished reload, applied or rejected. */
void app_assembly_reloaded(struct app_assembly *assembly, bool applied);

struct tel_logger *app_assembly_logger(struct app_assembly *assembly);
/* The bound address. */
const struct address *app_assembly_address(const struct app_assembly *assembly);

/* The deadline of each step of the stop, in clock_mono_ns(). */
struct app_deadlines {
  uint64_t drain, spans, lines;
};

/* What was lost at the stop. */
struct app_lost {
  unsigned requests; /* in flight, and cut off */
  uint64_t spans;
};

/* Becomes not ready, drains, and flushes the spans. Returns what was lost. If requests were cut off, their
 * threads still run: then end the process and do not free the assembly. */
struct app_lost app_assembly_stop(struct app_assembly *assembly, const struct app_deadlines *deadlines);
/* Writes the log until the deadline and frees all. Returns how many log lines were lost. Accepts NULL. */
uint64_t app_assembly_free(struct app_assembly *assembly, uint64_t deadline_mono_ns);

#endif
