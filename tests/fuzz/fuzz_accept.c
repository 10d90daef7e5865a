/* SPDX-License-Identifier: MIT */
/* Content negotiation reads what any client sends. */
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
  /* Whoever does not even mention it is not given it. */
  if (tel_format_negotiate(header) == TEL_FORMAT_OPENMETRICS && !strpbrk(header, "/")) abort();
  if (tel_format_accepts_gzip(header) && !strpbrk(header, "gG*")) abort();
  free(header);
  return 0;
}
