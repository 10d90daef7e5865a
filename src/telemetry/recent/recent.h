/* SPDX-License-Identifier: MIT */
/* Recent traces in the memory of the process, like the tracez page of OpenTelemetry's zPages. The newest,
 * slow and failed traces of each route are kept. A route, a latency class and an outcome form a group. To
 * make room, the store drops the oldest trace of the group that holds the most memory. So many quick requests
 * cannot replace a slow one.
 *
 * The store reserves all its memory at the start and never takes more. Ended spans are kept as compact
 * copies. A trace appears only when its last span in this process has ended, so it is always complete.
 * Requests never wait for a reader. Readers copy the data. Any thread, except for new and free. */
#ifndef TELEMETRY_RECENT_RECENT_H
#define TELEMETRY_RECENT_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "tel/attributes.h"
#include "tel/context.h"
#include "tel/error.h"
#include "tel/trace.h"

enum { TEL_RECENT_BYTES_MIN = 65536, TEL_RECENT_CLASSES = 8, TEL_RECENT_ROUTES = 32 };

struct tel_recent;

/* The name of a latency class is its lower bound: "0", "10us", ... "10s". A class ends where the next one
 * begins. */
const char *tel_recent_class_name(unsigned latency_class);

/* Summary of a kept trace: its first span in this process. Method, route and status are the span's attributes
 * http.request.method, http.route and http.response.status_code. */
struct tel_recent_summary {
  uint8_t trace_id[16];
  const char *name;  /* static */
  const char *route; /* lives as long as the store; "" without that attribute */
  char method[12];   /* or "" */
  char error_type[32];
  uint16_t status;       /* or 0 */
  uint8_t latency_class; /* of duration_ns */
  bool error;            /* one of its spans has the status Error */
  uint32_t spans;
  uint64_t start_unix_ns, duration_ns;
};

/* Selects traces. NULL and negative: all. */
struct tel_recent_filter {
  const char *route;
  int latency_class;
  int error; /* 0 or 1 */
};

struct tel_recent_list {
  uint64_t capacity_bytes, held_bytes;
  struct tel_recent_summary *items; /* newest first */
  size_t count;
};

/* Lists the newest limit traces that match. TEL_E_MEMORY: out is untouched. */
TEL_MUST_CHECK int tel_recent_list_new(struct tel_recent *recent, const struct tel_recent_filter *filter,
                                       size_t limit, struct tel_recent_list *out);
void tel_recent_list_free(struct tel_recent_list *list);

/* A row of the table of all kept traces: counts by latency class and outcome. */
struct tel_recent_row {
  const char *name, *route;
  uint32_t counts[TEL_RECENT_CLASSES][2];
};
/* Returns the number of rows. Rows are ordered by their first request. */
size_t tel_recent_table(struct tel_recent *recent, struct tel_recent_row rows[TEL_RECENT_ROUTES]);

struct tel_recent_pairs {
  const struct tel_attribute *items;
  uint32_t count, dropped;
};

struct tel_recent_item {
  const char *name;           /* of an event */
  uint64_t unix_ns;           /* of an event */
  struct tel_context context; /* of a link */
  struct tel_recent_pairs attributes;
};

struct tel_recent_items {
  struct tel_recent_item *items;
  uint32_t count, dropped;
};

struct tel_recent_span {
  uint8_t trace_id[16], span_id[8], parent_id[8];
  bool has_parent;
  const char *name;
  enum tel_span_kind kind;
  enum tel_span_status status;
  const char *status_text; /* "" without one */
  uint64_t start_unix_ns, end_unix_ns;
  unsigned depth; /* below the first span of this process */
  struct tel_recent_pairs attributes;
  struct tel_recent_items events, links;
};

/* All kept data of one trace id. Several requests can belong to one trace. */
struct tel_recent_trace {
  uint8_t trace_id[16];
  uint64_t start_unix_ns, end_unix_ns; /* from the first start to the last end */
  struct tel_recent_span *spans; /* a parent precedes its children, which are in the order of their start */
  size_t span_count;
  const char **log; /* JSON objects, without newline, in the order of their time */
  size_t log_count;
};

/* Copies the trace. TEL_E_VALUE: it is not kept (any more). TEL_E_MEMORY. out is then untouched. Only the
 * newest 32 requests of a trace are copied. */
TEL_MUST_CHECK int tel_recent_trace_new(struct tel_recent *recent, const uint8_t trace_id[16],
                                        struct tel_recent_trace **out);
void tel_recent_trace_free(struct tel_recent_trace *trace);
/* Whether a trace of this id is kept. */
bool tel_recent_has(struct tel_recent *recent, const uint8_t trace_id[16]);

/* Append a JSON object; docs/openapi.yaml has their schemas. */
void tel_recent_list_json(const struct tel_recent_list *list, struct buf *out);
void tel_recent_trace_json(const struct tel_recent_trace *trace, struct buf *out);

/* The words of a span's kind and status, and members of its JSON object. The console exporter uses them too.
 */
extern const char *const tel_recent_kind_words[], *const tel_recent_status_words[];
/* A value. NaN and infinities become null, because JSON has no such numbers. */
void tel_recent_json_value(struct buf *out, const struct tel_attribute *pair);
void tel_recent_json_attributes(struct buf *out, const struct tel_recent_pairs *attributes);
/* Writes events or links. If trace is given, each event also has its offset from the start of the trace.
 * NULL: the form of the console exporter. */
void tel_recent_json_items(struct buf *out, const char *name, const struct tel_recent_items *items,
                           const struct tel_recent_trace *trace);

#endif
