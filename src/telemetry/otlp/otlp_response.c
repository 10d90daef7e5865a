/* SPDX-License-Identifier: MIT */
/* Reads a collector's response. The data is untrusted, so protobuf-c decodes it. */
#include "telemetry/otlp/otlp.pb-c.h"
#include "telemetry/otlp/otlp_encoder.h"

bool tel_otlp_decode_response(const void *data, size_t len, uint64_t *rejected, char *message, size_t size) {
  Tel__Otlp__ExportResponse *response = tel__otlp__export_response__unpack(NULL, len, data);
  *rejected = 0;
  message[0] = '\0';
  if (!response) return false;
  const Tel__Otlp__PartialSuccess *partial = response->partial_success;
  if (partial) {
    size_t keep = partial->error_message.len < size ? partial->error_message.len : size - 1;
    if (partial->rejected_spans > 0) *rejected = (uint64_t)partial->rejected_spans;
    for (size_t i = 0; i < keep; i++) {
      uint8_t c = partial->error_message.data[i];
      message[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    message[keep] = '\0';
  }
  tel__otlp__export_response__free_unpacked(response, NULL);
  return true;
}
