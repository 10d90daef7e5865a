/* SPDX-License-Identifier: MIT */
/* Tracer and spans, following the OpenTelemetry trace API and SDK specification. A span belongs to one thread
 * at a time, and is invalid after its end. Starting or ending a span never blocks and rarely allocates: spans
 * come from a pool, are encoded while they are filled, and go through a lock-free queue to the exporter's
 * thread. A span that is not recorded (not sampled, tracing off) still has ids for logs and headers. Names
 * are static strings unless stated otherwise. */
#ifndef TEL_TRACE_H
#define TEL_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include <tel/api.h>
#include <tel/attributes.h>
#include <tel/context.h>

TEL_BEGIN

struct tel_tracer; /* comes from tel_tracer(), see telemetry.h */
struct tel_span;

enum tel_span_kind { TEL_SPAN_INTERNAL = 1, TEL_SPAN_SERVER = 2, TEL_SPAN_CLIENT = 3 };
enum tel_span_status { TEL_STATUS_UNSET = 0, TEL_STATUS_OK = 1, TEL_STATUS_ERROR = 2 };

/* Starts a span. parent: NULL or invalid for a new trace. tracestate: the parent's, checked by
 * tel_tracestate_append(), or NULL; it is copied. start_unix_ns: 0 means the current time. Returns NULL when
 * out of memory, or if tracer is NULL. End each span, or it keeps its memory. Every function below accepts
 * NULL. */
TEL_API struct tel_span *tel_span_start(struct tel_tracer *tracer, const char *name, enum tel_span_kind kind,
                                        const struct tel_context *parent, const char *tracestate,
                                        uint64_t start_unix_ns);
/* Starts a child of a span of this process that has not ended: same trace, clock, sampling decision and
 * tracestate. The child may end after its parent. parent NULL starts a new trace. */
TEL_API struct tel_span *tel_span_start_child(struct tel_tracer *tracer, const char *name,
                                              enum tel_span_kind kind, const struct tel_span *parent);

/* The current time, on the clock of the span's trace; for NULL, on the wall clock. */
TEL_API uint64_t tel_span_now_unix_ns(const struct tel_span *span);
/* The span's own ids, valid until its end; all zero for NULL. */
TEL_API const struct tel_context *tel_span_context(const struct tel_span *span);
/* The span's attributes; NULL if it is not recording. */
TEL_API struct tel_attributes *tel_span_attributes(struct tel_span *span);
/* Adds an event with the current time. Returns its attributes to fill. Returns NULL if the span is not
 * recording, has too many events or memory ran out; the last two count as dropped. */
TEL_API struct tel_attributes *tel_span_add_event(struct tel_span *span, const char *name);
/* Adds a link. Returns its attributes to fill, or NULL as above. An invalid context is ignored. */
TEL_API struct tel_attributes *tel_span_add_link(struct tel_span *span, const struct tel_context *to);
/* Changes the name. The new one must be static too. */
TEL_API void tel_span_set_name(struct tel_span *span, const char *name);
/* description: NULL or a text. It is copied and cut at 255 bytes. Only TEL_STATUS_ERROR uses it. OK is final;
 * ERROR overrides UNSET. */
TEL_API void tel_span_set_status(struct tel_span *span, enum tel_span_status status, const char *description);
/* Ends the span at end_unix_ns (0: now; never before its start) and queues it. The span is then invalid. A
 * full queue drops and counts the span; the call never waits. */
TEL_API void tel_span_end(struct tel_span *span, uint64_t end_unix_ns);

TEL_END

#endif
