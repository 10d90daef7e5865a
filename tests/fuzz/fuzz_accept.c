/* SPDX-License-Identifier: MIT */
/* Content negotiation reads headers of any client. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telemetry/metrics/exposition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *header = malloc(size + 1);
  if (!header) return 0;
  memcpy(header, data, size);
  header[size] = '\0';
  /* A client that does not mention a format or a coding does not get it. */
  if (tel_format_negotiate(header) == TEL_FORMAT_OPENMETRICS && !strpbrk(header, "/")) abort();
  if (tel_format_accepts_gzip(header) && !strpbrk(header, "gG*")) abort();
  free(header);
  return 0;
}
