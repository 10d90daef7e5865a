/* SPDX-License-Identifier: MIT */
/* Stores ended spans and log lines as encoded copies, and decodes them. */
#ifndef TELEMETRY_RECENT_RECENT_PART_H
#define TELEMETRY_RECENT_RECENT_PART_H

#include "telemetry/core/arena.h"
#include "telemetry/recent/recent_store.h"

/* Copies a span in OTLP, or a log line without its newline. If it does not fit, notes that in the trace and
 * returns NULL. */
struct tel_recent_part *tel_recent_part_new(struct tel_recent_open *open, const void *data, size_t len,
                                            bool log);

/* A part's content in one piece. Readers copy it under the lock. */
struct tel_recent_copy {
  const unsigned char *data;
  size_t size;
  bool log;
};
/* Returns false when out of memory. */
bool tel_recent_part_copy(const struct tel_recent_part *part, struct tel_arena *arena,
                          struct tel_recent_copy *out);

/* Decodes the copy of a span. The copy must outlive the result. Returns false when out of memory. */
bool tel_recent_span_decode(const struct tel_recent_copy *copy, struct tel_arena *arena,
                            struct tel_recent_span *out);

#endif
