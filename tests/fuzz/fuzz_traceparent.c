/* SPDX-License-Identifier: MIT */
/* A traceparent comes from any client. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tel/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct tel_context context, again;
  char text[TEL_TRACEPARENT_SIZE];
  if (!tel_traceparent_parse((const char *)data, size, &context)) return 0;
  /* An accepted value must read the same after it was formatted. */
  tel_traceparent_format(&context, text);
  if (!tel_context_valid(&context) || !tel_traceparent_parse(text, strlen(text), &again)) abort();
  if (memcmp(&again.trace_id, &context.trace_id, 16) || memcmp(&again.span_id, &context.span_id, 8)) abort();
  if (again.flags != context.flags) abort();
  return 0;
}
