/* Spans for the eyes: one line of JSON each, to standard output. Internal to src/telemetry. */
#ifndef TELEMETRY_CONSOLE_H
#define TELEMETRY_CONSOLE_H

#include "base/buf.h"
#include "telemetry/batch.h"

/* TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_console_exporter_new(struct tel_exporter *out);

/* Appends one span as one line. */
void tel_console_format(const struct tel_span *span, struct buf *out);

#endif
