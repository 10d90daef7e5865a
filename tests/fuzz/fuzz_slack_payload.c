/* SPDX-License-Identifier: MIT */
/* Any bytes as a webhook's body (JSON or a form) and as a path. Accepted payloads must be safe to show and
 * store. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "slack-mock/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const types[] = {"application/json", "application/x-www-form-urlencoded"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    json_t *payload = NULL;
    const char *why = NULL;
    enum mock_result result = mock_payload_read(types[i], (const char *)data, size, &payload, &why);
    if ((result == MOCK_OK) != (payload != NULL) || (result != MOCK_OK && !why)) abort();
    if (!payload) continue;
    char *text = json_dumps(payload, JSON_COMPACT);
    if (!text || *mock_payload_channel(payload) == '\0') abort();
    json_t *again = json_loads(text, 0, NULL); /* as the store loads it */
    if (!json_is_object(again) || mock_payload_check(again, &why) != MOCK_OK) abort();
    json_decref(again);
    free(text);
    json_decref(payload);
  }
  char *path = strndup((const char *)data, size);
  if (path) mock_payload_path(path);
  free(path);
  return 0;
}
