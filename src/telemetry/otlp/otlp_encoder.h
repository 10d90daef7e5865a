/* SPDX-License-Identifier: MIT */
/* Builds OTLP's ExportTraceServiceRequest from a prepared resource and scope and from sealed spans. All
 * requests use the same memory. One thread. */
#ifndef TELEMETRY_OTLP_OTLP_ENCODER_H
#define TELEMETRY_OTLP_OTLP_ENCODER_H

#include "base/buf.h"
#include "tel/attributes.h"
#include "tel/error.h"

enum { TEL_OTLP_REQUEST_LIMIT = 64 * 1024 * 1024 };

struct tel_otlp_encoder;
struct tel_wire;

/* Copies the resource, a list of the form TEL_FORM_RESOURCE, and the texts. NULL when out of memory. */
struct tel_otlp_encoder *tel_otlp_encoder_new(const struct tel_attributes *resource, const char *scope_name,
                                              const char *scope_version);
void tel_otlp_encoder_free(struct tel_otlp_encoder *encoder);
/* Makes a request of sealed spans. out is valid until the next call. TEL_E_MEMORY, or TEL_E_FULL: the request
 * would exceed TEL_OTLP_REQUEST_LIMIT. */
TEL_MUST_CHECK int tel_otlp_encode(struct tel_otlp_encoder *encoder, const struct tel_wire *spans,
                                   size_t count, const struct buf **out);

/* Decodes a collector's response to an accepted request. rejected: number of spans. message: cut to size, ""
 * for none; a question mark replaces a control or a byte that is not UTF-8. Returns false if the response is
 * invalid. */
bool tel_otlp_decode_response(const void *data, size_t len, uint64_t *rejected, char *message, size_t size);

#endif
