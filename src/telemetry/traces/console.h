/* SPDX-License-Identifier: MIT */
/* The console exporter: writes each span as one line of JSON to standard output. */
#ifndef TELEMETRY_TRACES_CONSOLE_H
#define TELEMETRY_TRACES_CONSOLE_H

#include "base/buf.h"
#include "telemetry/core/arena.h"
#include "telemetry/traces/batch.h"
#include "telemetry/traces/span.h"

/* Returns 0 or TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_console_exporter_new(struct tel_exporter *out);

/* Appends a span as one JSON object and a newline. Returns false when out of memory. */
bool tel_console_format(const struct tel_wire *span, struct tel_arena *arena, struct buf *out);

#endif
