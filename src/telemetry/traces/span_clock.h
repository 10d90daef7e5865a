/* SPDX-License-Identifier: MIT */
/* Spans whose start and end are clock readings that the caller has. Internal to this project. */
#ifndef TELEMETRY_TRACES_SPAN_CLOCK_H
#define TELEMETRY_TRACES_SPAN_CLOCK_H

#include "base/clock.h"
#include "tel/trace.h"

/* As tel_span_start(), at that reading of both clocks. The span and its children count all their times from
 * it, so a wall clock that is set meanwhile moves none of them. */
struct tel_span *tel_span_start_at(struct tel_tracer *tracer, const char *name, enum tel_span_kind kind,
                                   const struct tel_context *parent, const char *tracestate,
                                   const struct clock_anchor *start);
/* As tel_span_start_child(), at that reading of the monotonic clock. */
struct tel_span *tel_span_start_child_at(struct tel_tracer *tracer, const char *name, enum tel_span_kind kind,
                                         const struct tel_span *parent, uint64_t mono_ns);
/* As tel_span_end(), at that reading. */
void tel_span_end_at(struct tel_span *span, uint64_t mono_ns);

#endif
