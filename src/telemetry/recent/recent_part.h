/* SPDX-License-Identifier: MIT */
/* Ended spans and log lines as copies of what leaves, and back. Internal to src/telemetry. */
#ifndef TELEMETRY_RECENT_RECENT_PART_H
#define TELEMETRY_RECENT_RECENT_PART_H

#include "telemetry/core/arena.h"
#include "telemetry/recent/recent_store.h"

/* A copy of a span as OTLP has it, or of a log line without its newline. NULL, noted in the trace, if it does
 * not fit. */
struct tel_recent_part *tel_recent_part_new(struct tel_recent_open *open, const void *data, size_t len,
                                            bool log);

/* A part's content in one piece, as readers copy it under the lock. */
struct tel_recent_copy {
  const unsigned char *data;
  size_t size;
  bool log;
};
/* False when out of memory. */
bool tel_recent_part_copy(const struct tel_recent_part *part, struct tel_arena *arena,
                          struct tel_recent_copy *out);

/* Reads the copy of a span, which must outlive what is made from it. False when out of memory. */
bool tel_recent_span_decode(const struct tel_recent_copy *copy, struct tel_arena *arena,
                            struct tel_recent_span *out);

#endif
