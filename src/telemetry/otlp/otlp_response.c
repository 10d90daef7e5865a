/* SPDX-License-Identifier: MIT */
/* Reads a collector's response. The data is untrusted, so protobuf-c decodes it. */
#include <string.h>

#include "base/utf8.h"
#include "telemetry/otlp/otlp.pb-c.h"
#include "telemetry/otlp/otlp_encoder.h"

/* The size of the printable character at text; 0 for a control, or a byte that is not UTF-8. */
static size_t printable(const char *text, size_t len) {
  int size = utf8_sequence(text, len);
  unsigned char first = (unsigned char)text[0];
  if (size == 1) return first >= 0x20 && first < 0x7f;
  if (size == 2 && first == 0xC2 && (unsigned char)text[1] < 0xA0) return 0; /* U+0080 to U+009F */
  return size > 0 ? (size_t)size : 0;
}

static void show(const ProtobufCBinaryData *from, char *out, size_t size) {
  const char *text = (const char *)from->data;
  size_t used = 0;
  for (size_t at = 0, step; at < from->len; at += step) {
    size_t whole = printable(text + at, from->len - at);
    step = whole ? whole : 1;
    if (used + step >= size) break;
    memcpy(out + used, whole ? text + at : "?", step);
    used += step;
  }
  out[used] = '\0';
}

bool tel_otlp_decode_response(const void *data, size_t len, uint64_t *rejected, char *message, size_t size) {
  Tel__Otlp__ExportResponse *response = tel__otlp__export_response__unpack(NULL, len, data);
  *rejected = 0;
  message[0] = '\0';
  if (!response) return false;
  const Tel__Otlp__PartialSuccess *partial = response->partial_success;
  if (partial) {
    if (partial->rejected_spans > 0) *rejected = (uint64_t)partial->rejected_spans;
    show(&partial->error_message, message, size);
  }
  tel__otlp__export_response__free_unpacked(response, NULL);
  return true;
}
