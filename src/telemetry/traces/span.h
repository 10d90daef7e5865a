/* SPDX-License-Identifier: MIT */
/* The members of a span: written by its owner (span.c), read by exporters. */
#ifndef TELEMETRY_TRACES_SPAN_H
#define TELEMETRY_TRACES_SPAN_H

#include "base/clock.h"
#include "tel/trace.h"
#include "telemetry/core/pool.h"
#include "telemetry/settings/tracing_settings.h"

enum {
  TEL_SPAN_STATE_INLINE = 512,
  TEL_SPAN_STATUS_SIZE = 256,
  /* Room before the attributes, for tag, length and the fields that put_head() writes. */
  TEL_SPAN_ROOM = 80,
  TEL_ITEM_ROOM = 48
};

/* An encoded message with its tag and its length as a field of the outer message. */
struct tel_wire {
  const uint8_t *data;
  size_t len;
};

/* An event or a link of a span. */
struct tel_span_item {
  struct tel_span_item *next;
  const char *name;           /* event */
  uint64_t unix_ns;           /* event */
  struct tel_context context; /* link */
  struct tel_wire wire;       /* once the span is sealed; lies in attributes */
  struct tel_attributes attributes;
};

struct tel_span_items {
  struct tel_span_item *first, **last;
  uint32_t count, dropped;
};

/* The large parts come last and are touched only when used, so a span that is not recorded touches only its
 * first cache lines. */
struct tel_span {
  struct tel_tracer *tracer;
  struct tel_context context;
  bool recording;
  bool has_parent, parent_remote;
  bool local_root; /* the first of its trace in this process */
  bool spare_used; /* the inline item is in use: further items go to the heap */
  uint8_t parent_id[8];
  const char *name;
  enum tel_span_kind kind;
  enum tel_span_status status;
  uint64_t start_unix_ns, end_unix_ns;
  struct clock_anchor clock;      /* of the trace in this process */
  struct tel_wire wire;           /* once it is sealed; lies in attributes */
  struct tel_recent_open *recent; /* where its copy is kept; NULL: not kept */
  char *state;                    /* tracestate: "", state_inline, or on the heap */
  struct tel_span_items events, links;
  char state_inline[TEL_SPAN_STATE_INLINE];
  char status_text[TEL_SPAN_STATUS_SIZE];
  struct tel_attributes attributes;
  struct tel_span_item spare;
};

struct tel_batch;
struct tel_recent;
struct tel_span_counts;

/* State for starting and ending spans; part of struct tel_tracing. */
struct tel_tracer {
  struct tel_tracing_settings settings;
  uint64_t threshold;    /* of the ratio sampler, see sampler.h */
  struct tel_pool *pool; /* of spans; more come from the heap */
  struct tel_batch *batch;
  struct tel_span_counts *counts;
  struct tel_recent *recent; /* keeps recent traces; or NULL */
};

/* Encodes an ended span: wire is OTLP's Span, as a field of ScopeSpans. False when out of memory. */
bool tel_span_seal(struct tel_span *span);
/* Frees the span's memory and gives the span back to its pool. */
void tel_span_release(struct tel_span *span);

#endif
