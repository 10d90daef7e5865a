#include <string.h>

#include "telemetry/context.h"

enum { LENGTH = TEL_TRACEPARENT_SIZE - 1 };

/* -1 for all but lower-case hexadecimal. */
static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

static bool read_hex(const char *from, uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    int high = digit(from[2 * i]), low = digit(from[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}

bool tel_traceparent_parse(const char *value, size_t len, struct tel_context *out) {
  struct tel_context context;
  uint8_t version, flags;
  if (len < LENGTH || value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
  if (!read_hex(value, &version, 1) || !read_hex(value + 3, context.trace_id, 16) ||
      !read_hex(value + 36, context.span_id, 8) || !read_hex(value + 53, &flags, 1))
    return false;
  if (version == 0xff || (version == 0 && len != LENGTH)) return false;
  /* What a later version appends is not for us to judge, but it must be apart from the flags. */
  if (len > LENGTH && value[LENGTH] != '-') return false;
  if (!tel_context_valid(&context)) return false;
  context.flags = flags & (TEL_FLAG_SAMPLED | TEL_FLAG_RANDOM);
  context.remote = true;
  *out = context;
  return true;
}
