/* What the rest of src/telemetry asks of the log, and its users do not. Internal to src/telemetry. */
#ifndef TELEMETRY_LOG_LINE_H
#define TELEMETRY_LOG_LINE_H

#include "base/buf.h"
#include "telemetry/log_record.h"

/* Appends exactly the line that the record's logger writes, newline included. False when out of memory. */
bool tel_log_line(const struct tel_log_record *record, struct buf *out);

/* See tel_log_writer_rename(). */
TEL_MUST_CHECK int tel_logger_rename(struct tel_logger *logger, const char *version, const char *instance);

#endif
