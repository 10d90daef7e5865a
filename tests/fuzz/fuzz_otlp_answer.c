/* SPDX-License-Identifier: MIT */
/* A collector may answer anything: as a body, and as the value of Retry-After. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "telemetry/otlp/otlp_encoder.h"
#include "telemetry/otlp/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char message[64], *header = strndup((const char *)data, size);
  uint64_t rejected = 0, delay_ns = 0;
  memset(message, 'x', sizeof message);
  if (tel_otlp_decode_response(data, size, &rejected, message, sizeof message)) {
    if (!memchr(message, '\0', sizeof message)) abort();
    if (!utf8_valid(message, strlen(message))) abort();
    for (const char *at = message; *at; at++)
      if ((unsigned char)*at < ' ' || *at == 0x7f) abort();
  }
  if (header && tel_retry_after(header, clock_unix_ns(), &delay_ns) && delay_ns > 86400 * CLOCK_NS_PER_S)
    abort();
  free(header);
  return 0;
}
