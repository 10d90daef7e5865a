/* A record as a line, for who shows it elsewhere than in the log. Internal to src/telemetry. */
#ifndef TELEMETRY_LOG_LINE_H
#define TELEMETRY_LOG_LINE_H

#include "base/buf.h"
#include "telemetry/log_record.h"

/* Appends exactly the line that the record's logger writes, newline included. False when out of memory. */
bool tel_log_line(const struct tel_log_record *record, struct buf *out);

#endif
