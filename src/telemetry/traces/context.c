/* SPDX-License-Identifier: MIT */
#include "tel/context.h"

#include <string.h>

#include "base/hex.h"

bool tel_context_valid(const struct tel_context *context) {
  static const uint8_t zero[16];
  return context && memcmp(context->trace_id, zero, sizeof context->trace_id) != 0 &&
         memcmp(context->span_id, zero, sizeof context->span_id) != 0;
}

bool tel_context_sampled(const struct tel_context *context) {
  return context && context->flags & TEL_FLAG_SAMPLED;
}

void tel_trace_id_hex(const struct tel_context *context, char out[TEL_TRACE_ID_HEX_SIZE]) {
  if (out) *(context ? hex_write(out, context->trace_id, sizeof context->trace_id) : out) = '\0';
}

void tel_span_id_hex(const struct tel_context *context, char out[TEL_SPAN_ID_HEX_SIZE]) {
  if (out) *(context ? hex_write(out, context->span_id, sizeof context->span_id) : out) = '\0';
}

void tel_traceparent_format(const struct tel_context *context, char out[TEL_TRACEPARENT_SIZE]) {
  if (out) *out = '\0';
  if (!out || !context) return;
  uint8_t flags = context->flags & (TEL_FLAG_SAMPLED | TEL_FLAG_RANDOM); /* version 00 reserves the others */
  memcpy(out, "00-", 3);
  out = hex_write(out + 3, context->trace_id, sizeof context->trace_id);
  *out++ = '-';
  out = hex_write(out, context->span_id, sizeof context->span_id);
  *out++ = '-';
  *hex_write(out, &flags, 1) = '\0';
}
