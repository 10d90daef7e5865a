/* SPDX-License-Identifier: MIT */
/* A log line holds text of any client. It must always be one line of JSON. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telemetry/logs/log_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct tel_log_encoder encoder;
  struct tel_log_record record;
  tel_log_record_init(&record, NULL, TEL_INFO);
  record.message = "fuzz";
  tel_attributes_set_text(&record.fields, "value", (const char *)data, size);
  tel_attributes_set_int(&record.fields, "last", 1);
  if (tel_log_encoder_init(&encoder, "app", "version", "instance") && tel_log_seal(&encoder, &record)) {
    json_t *json = json_loadb(record.line, record.line_len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (!json || json_integer_value(json_object_get(json, "last")) != 1) abort();
    if (memchr(record.line, '\n', record.line_len) != record.line + record.line_len - 1) abort();
    json_decref(json);
  }
  tel_log_encoder_free(&encoder);
  tel_attributes_clear(&record.fields);
  return 0;
}
