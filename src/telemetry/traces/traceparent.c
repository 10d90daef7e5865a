/* SPDX-License-Identifier: MIT */
#include "base/hex.h"
#include "tel/context.h"

enum { LENGTH = TEL_TRACEPARENT_SIZE - 1 };

bool tel_traceparent_parse(const char *value, size_t len, struct tel_context *out) {
  struct tel_context context;
  uint8_t version, flags;
  if (!value || !out || len < LENGTH || value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
  if (!hex_read(value, &version, 1) || !hex_read(value + 3, context.trace_id, 16) ||
      !hex_read(value + 36, context.span_id, 8) || !hex_read(value + 53, &flags, 1))
    return false;
  if (version == 0xff || (version == 0 && len != LENGTH)) return false;
  /* A later version may append any data, but a hyphen must separate it from the flags. */
  if (len > LENGTH && value[LENGTH] != '-') return false;
  if (!tel_context_valid(&context)) return false;
  context.flags = flags & (TEL_FLAG_SAMPLED | TEL_FLAG_RANDOM);
  context.remote = true;
  *out = context;
  return true;
}
