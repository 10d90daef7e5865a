/* SPDX-License-Identifier: MIT */
/* Encodes log records as JSON lines. */
#ifndef TELEMETRY_LOGS_LOG_JSON_H
#define TELEMETRY_LOGS_LOG_JSON_H

#include <stdbool.h>

#include "base/buf.h"
#include "telemetry/logs/log_record.h"

/* The constant part of all lines, encoded once. */
struct tel_log_encoder {
  struct buf constant; /* ,"app":"...","version":"...","instance":"..." */
};

/* Returns false when out of memory; free it in any case. A NULL string omits its field. */
bool tel_log_encoder_init(struct tel_log_encoder *encoder, const char *app, const char *version,
                          const char *instance);
void tel_log_encoder_free(struct tel_log_encoder *encoder);

/* Makes the record's line: one JSON object with a newline only at its end. The line is valid JSON in UTF-8
 * for all values: control characters, quotes and backslashes are escaped, also U+007F, U+2028 and U+2029;
 * each maximal part of an ill-formed sequence becomes U+FFFD; NaN and infinities become null. Keys are
 * unique, because a field with a reserved name ("level", "trace_id", ...) is omitted. Afterwards the fields
 * cannot be read or set any more. Returns false when out of memory. Any thread. */
bool tel_log_seal(const struct tel_log_encoder *encoder, struct tel_log_record *record);

#endif
