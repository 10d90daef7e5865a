/* SPDX-License-Identifier: MIT */
/* The identity of a span, and how it passes between processes: W3C Trace Context (traceparent, tracestate),
 * level 2. Any thread; nothing blocks or allocates. A NULL context is invalid, and is written as "". */
#ifndef TEL_CONTEXT_H
#define TEL_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tel/api.h>

TEL_BEGIN

enum { TEL_FLAG_SAMPLED = 0x01, TEL_FLAG_RANDOM = 0x02 };
enum { TEL_TRACEPARENT_SIZE = 56, TEL_TRACE_ID_HEX_SIZE = 33, TEL_SPAN_ID_HEX_SIZE = 17 }; /* with the NUL */
enum { TEL_TRACESTATE_SIZE = 4096 };                                                       /* with the NUL */

struct tel_context {
  uint8_t trace_id[16];
  uint8_t span_id[8];
  uint8_t flags; /* TEL_FLAG_*; test single bits, not the whole value */
  bool remote;   /* received from another process */
};

/* True if both ids are set: neither the trace id nor the span id is all zeros. */
TEL_API bool tel_context_valid(const struct tel_context *context);
TEL_API bool tel_context_sampled(const struct tel_context *context);

/* Reads the value of a traceparent header, len bytes without surrounding blanks. Returns false and leaves out
 * untouched if it is invalid. Sets out->remote. Keeps only the known flags of a future version. */
TEL_API bool tel_traceparent_parse(const char *value, size_t len, struct tel_context *out);
/* Writes version 00, 55 characters and a NUL. Of the flags, writes only the known ones. */
TEL_API void tel_traceparent_format(const struct tel_context *context, char out[TEL_TRACEPARENT_SIZE]);

/* Appends one tracestate header (len bytes) to the combined value in state (a NUL-terminated string, "" at
 * first), and checks each member. Drops empty members, and keeps the first member of a repeated key. Returns
 * false if a member is invalid, there are more than 32, or the result does not fit: then drop the whole
 * tracestate. */
TEL_API bool tel_tracestate_append(char state[TEL_TRACESTATE_SIZE], const char *value, size_t len);

/* Write lower-case hexadecimal and a NUL. */
TEL_API void tel_trace_id_hex(const struct tel_context *context, char out[TEL_TRACE_ID_HEX_SIZE]);
TEL_API void tel_span_id_hex(const struct tel_context *context, char out[TEL_SPAN_ID_HEX_SIZE]);

TEL_END

#endif
