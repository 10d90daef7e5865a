/* SPDX-License-Identifier: MIT */
#include "telemetry/otlp/otlp_encoder.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "telemetry/core/attributes_private.h"
#include "telemetry/traces/span.h"

enum {
  /* Tags of ExportRequest, ResourceSpans, ScopeSpans and Scope. */
  RESOURCE_SPANS = WIRE_TAG(1, WIRE_BYTES),
  RESOURCE = WIRE_TAG(1, WIRE_BYTES),
  SCOPE_SPANS = WIRE_TAG(2, WIRE_BYTES),
  SCOPE = WIRE_TAG(1, WIRE_BYTES),
  SCOPE_NAME = WIRE_TAG(1, WIRE_BYTES),
  SCOPE_VERSION = WIRE_TAG(2, WIRE_BYTES),
  FRAME = 32 /* bound of the tags and lengths around the spans */
};

struct tel_otlp_encoder {
  struct buf resource, scope; /* as fields of ResourceSpans and of ScopeSpans */
  struct buf out;
};

static bool put_field(struct buf *out, uint8_t tag, const void *data, size_t len) {
  uint8_t *to = (uint8_t *)buf_reserve(out, len + WIRE_VARINT_MAX + 1);
  if (to) out->len += (size_t)(wire_put_bytes(to, tag, data, len) - to);
  return to != NULL;
}

static bool put_text(struct buf *out, uint8_t tag, const char *text) {
  char *repaired = utf8_repaired(text, strlen(text));
  bool ok = repaired && put_field(out, tag, repaired, strlen(repaired));
  free(repaired);
  return ok;
}

static bool put_scope(struct buf *out, const char *name, const char *version) {
  struct buf scope = BUF_INIT(TEL_OTLP_REQUEST_LIMIT);
  bool ok = put_text(&scope, SCOPE_NAME, name) && (!*version || put_text(&scope, SCOPE_VERSION, version)) &&
            put_field(out, SCOPE, scope.data, scope.len);
  buf_free(&scope);
  return ok;
}

struct tel_otlp_encoder *tel_otlp_encoder_new(const struct tel_attributes *resource, const char *scope_name,
                                              const char *scope_version) {
  struct tel_otlp_encoder *encoder = calloc(1, sizeof *encoder);
  if (!encoder) return NULL;
  encoder->resource = (struct buf)BUF_INIT(TEL_OTLP_REQUEST_LIMIT);
  encoder->scope = (struct buf)BUF_INIT(TEL_OTLP_REQUEST_LIMIT);
  encoder->out = (struct buf)BUF_INIT(TEL_OTLP_REQUEST_LIMIT);
  if (put_field(&encoder->resource, RESOURCE, tel_attributes_pairs(resource),
                tel_attributes_pairs_size(resource)) &&
      put_scope(&encoder->scope, scope_name, scope_version))
    return encoder;
  tel_otlp_encoder_free(encoder);
  return NULL;
}

void tel_otlp_encoder_free(struct tel_otlp_encoder *encoder) {
  if (!encoder) return;
  buf_free(&encoder->resource);
  buf_free(&encoder->scope);
  buf_free(&encoder->out);
  free(encoder);
}

int tel_otlp_encode(struct tel_otlp_encoder *encoder, const struct tel_wire *spans, size_t count,
                    const struct buf **out) {
  const struct buf *resource = &encoder->resource, *scope = &encoder->scope;
  size_t scope_spans = scope->len;
  for (size_t i = 0; i < count; i++) scope_spans += spans[i].len;
  size_t resource_spans = resource->len + wire_bytes_size(scope_spans);
  if (resource_spans > TEL_OTLP_REQUEST_LIMIT - FRAME) return TEL_E_FULL;
  buf_reset(&encoder->out);
  uint8_t *start = (uint8_t *)buf_reserve(&encoder->out, resource_spans + FRAME), *to = start;
  if (!start) return TEL_E_MEMORY;
  *to++ = RESOURCE_SPANS;
  to = wire_put_varint(to, resource_spans);
  to = wire_put_raw(to, resource->data, resource->len);
  *to++ = SCOPE_SPANS;
  to = wire_put_varint(to, scope_spans);
  to = wire_put_raw(to, scope->data, scope->len);
  for (size_t i = 0; i < count; i++) to = wire_put_raw(to, spans[i].data, spans[i].len);
  encoder->out.len = (size_t)(to - start);
  *out = &encoder->out;
  return TEL_OK;
}
