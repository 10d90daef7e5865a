/* SPDX-License-Identifier: MIT */
/* A tracestate comes from any client, as one header or as several (here: lines). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tel/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char state[TEL_TRACESTATE_SIZE] = "", again[TEL_TRACESTATE_SIZE] = "";
  const char *at = (const char *)data, *end = at + size;
  while (at < end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    const char *stop = newline ? newline : end;
    if (!tel_tracestate_append(state, at, (size_t)(stop - at))) return 0;
    at = stop + 1;
  }
  /* An accepted value must be accepted again, unchanged. */
  if (!tel_tracestate_append(again, state, strlen(state)) || strcmp(again, state) != 0) abort();
  return 0;
}
