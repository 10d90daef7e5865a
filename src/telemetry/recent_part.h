/* Ended spans and log records as compact copies, and back. Internal to src/telemetry. */
#ifndef TELEMETRY_RECENT_PART_H
#define TELEMETRY_RECENT_PART_H

#include "telemetry/arena.h"
#include "telemetry/log_record.h"
#include "telemetry/recent_store.h"

/* NULL, noted in the trace, if it does not fit. Names and keys are static strings: only their address is
 * copied. */
struct tel_recent_part *tel_recent_part_of_span(struct tel_recent_open *open, const struct tel_span *span);
struct tel_recent_part *tel_recent_part_of_log(struct tel_recent_open *open,
                                               const struct tel_log_record *record);

/* A part's content in one piece, as readers copy it under the lock. */
struct tel_recent_copy {
  const unsigned char *data;
  size_t size;
  bool log;
};
/* False when out of memory. */
bool tel_recent_part_copy(const struct tel_recent_part *part, struct tel_arena *arena,
                          struct tel_recent_copy *out);

/* Decode a copy, which must outlive what is made from it. False when out of memory. */
bool tel_recent_span_decode(const struct tel_recent_copy *copy, struct tel_arena *arena,
                            struct tel_recent_span *out);
/* Fills record; its fields lie in the copy and the arena, and must not be cleared. */
bool tel_recent_log_decode(const struct tel_recent_copy *copy, struct tel_arena *arena,
                           struct tel_log_record *record);

#endif
