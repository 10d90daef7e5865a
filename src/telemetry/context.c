#include "telemetry/context.h"

#include <string.h>

bool tel_context_valid(const struct tel_context *context) {
  static const uint8_t zero[16];
  return memcmp(context->trace_id, zero, sizeof context->trace_id) != 0 &&
         memcmp(context->span_id, zero, sizeof context->span_id) != 0;
}

bool tel_context_sampled(const struct tel_context *context) {
  return context->flags & TEL_FLAG_SAMPLED;
}

static void put_hex(char *out, const uint8_t *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < len; i++) {
    *out++ = digits[bytes[i] >> 4];
    *out++ = digits[bytes[i] & 15];
  }
  *out = '\0';
}

void tel_trace_id_hex(const struct tel_context *context, char out[TEL_TRACE_ID_HEX_SIZE]) {
  put_hex(out, context->trace_id, sizeof context->trace_id);
}

void tel_span_id_hex(const struct tel_context *context, char out[TEL_SPAN_ID_HEX_SIZE]) {
  put_hex(out, context->span_id, sizeof context->span_id);
}

void tel_traceparent_format(const struct tel_context *context, char out[TEL_TRACEPARENT_SIZE]) {
  memcpy(out, "00-", 3);
  put_hex(out + 3, context->trace_id, sizeof context->trace_id);
  out[35] = '-';
  put_hex(out + 36, context->span_id, sizeof context->span_id);
  out[52] = '-';
  put_hex(out + 53, &context->flags, 1);
}
