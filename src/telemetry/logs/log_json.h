/* SPDX-License-Identifier: MIT */
/* Encodes log records as JSON lines: inside of the logs part, see log.h for its users. */
#ifndef TELEMETRY_LOGS_LOG_JSON_H
#define TELEMETRY_LOGS_LOG_JSON_H

#include <stdbool.h>

#include "base/buf.h"
#include "telemetry/logs/log_record.h"

/* What does not change from line to line, encoded once. */
struct tel_log_encoder {
  struct buf constant; /* ,"app":"...","version":"...","instance":"..." */
};

/* False when out of memory; free it in any case. Strings may be NULL: that field is left out then. */
bool tel_log_encoder_init(struct tel_log_encoder *encoder, const char *app, const char *version,
                          const char *instance);
void tel_log_encoder_free(struct tel_log_encoder *encoder);

/* Makes the record's line, one JSON object and a newline, which is the only one. Whatever bytes the values
 * held, the line is valid JSON in UTF-8: control characters, quotes and backslashes are escaped, also U+007F,
 * U+2028 and U+2029; each maximal part of an ill-formed sequence becomes U+FFFD; NaN and infinities become
 * null. A field named like one of the line's own ("level", "trace_id", ...) was left out, so that no key is
 * there twice. The fields cannot be read or set any more. False when out of memory. Any thread. */
bool tel_log_seal(const struct tel_log_encoder *encoder, struct tel_log_record *record);
/* Appends the same line to out; the record stays as it is. Returns false, out unchanged, if out cannot grow
 * (out of memory, or its limit). */
bool tel_log_encode(const struct tel_log_encoder *encoder, struct buf *out,
                    const struct tel_log_record *record);

#endif
