/* SPDX-License-Identifier: MIT */
/* OTEL_* values, lists among them. Line n of the input is the value of the n-th variable that the code reads.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telemetry/settings/keyvalues.h"
#include "telemetry/settings/otel_env.h"
#include "telemetry/settings/tracing_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct lines {
  char *text, *next;
};

static const char *get(void *cls, const char *name) {
  struct lines *lines = cls;
  (void)name;
  char *line = lines->next;
  if (line && (lines->next = strchr(line, '\n'))) *lines->next++ = '\0';
  return line;
}

/* A warning must be a valid text of a log line. */
static void warn(void *cls, const char *text) {
  (void)cls;
  if (strlen(text) > 4096) abort();
}

static const char *check_header(void *cls, const char *name, const char *value) {
  (void)cls;
  if (strpbrk(name, "\r\n") || strpbrk(value, "\r\n")) abort();
  return tel_header_check(name, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct tel_tracing_settings settings;
  struct lines lines = {.text = strndup((const char *)data, size)};
  lines.next = lines.text;
  tel_tracing_settings_init(&settings);
  tel_tracing_settings_environment(&settings, get, &lines, warn, NULL);
  /* Whether the values are accepted or refused, the settings must be within bounds. */
  if (settings.queue_size == 0 || settings.batch_size == 0 || settings.batch_size > settings.queue_size)
    abort();
  if (!memchr(settings.headers, '\0', sizeof settings.headers)) abort();
  /* Each accepted header must be safe to send: no value may break the line. */
  if (!tel_keyvalues_read(settings.headers, check_header, NULL, NULL)) abort();
  free(lines.text);
  return 0;
}
