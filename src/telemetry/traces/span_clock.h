/* SPDX-License-Identifier: MIT */
/* Spans that start and end at clock readings of the caller, and ids without a span. */
#ifndef TELEMETRY_TRACES_SPAN_CLOCK_H
#define TELEMETRY_TRACES_SPAN_CLOCK_H

#include "base/clock.h"
#include "tel/trace.h"

/* Like tel_span_start(), at this reading of both clocks. All times of the span and its children are relative
 * to it, so setting the wall clock meanwhile does not change them. */
struct tel_span *tel_span_start_at(struct tel_tracer *tracer, const char *name, enum tel_span_kind kind,
                                   const struct tel_context *parent, const char *tracestate,
                                   const struct clock_anchor *start);
/* Like tel_span_start_child(), at this reading of the monotonic clock. */
struct tel_span *tel_span_start_child_at(struct tel_tracer *tracer, const char *name, enum tel_span_kind kind,
                                         const struct tel_span *parent, uint64_t mono_ns);
/* Like tel_span_end(), at this reading. */
void tel_span_end_at(struct tel_span *span, uint64_t mono_ns);

/* Makes the ids of a request that has no span. Like a span, it continues the parent's trace. Without a parent
 * (NULL), or if OTEL_PROPAGATORS forbids that, it gets a new trace id. It is never sampled. tracer NULL: it
 * continues. */
void tel_tracer_identify(const struct tel_tracer *tracer, const struct tel_context *parent,
                         struct tel_context *out);

#endif
