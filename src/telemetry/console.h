/* Spans for the eyes: one line of JSON each, to standard output. Internal to src/telemetry. */
#ifndef TELEMETRY_CONSOLE_H
#define TELEMETRY_CONSOLE_H

#include "base/buf.h"
#include "telemetry/batch.h"

struct tel_exporter tel_console_exporter(void);

/* Appends one span as one line. */
void tel_console_format(const struct tel_span *span, struct buf *out);

#endif
