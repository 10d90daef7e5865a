/* OTEL_* values, lists among them. Line n of the input is the value of the n-th variable that is asked for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telemetry/traces/tracing.h"

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

/* A warning is text for a log line. */
static void warn(void *cls, const char *text) {
  (void)cls;
  if (strlen(text) > 4096) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct tel_tracing_settings settings;
  struct lines lines = {.text = strndup((const char *)data, size)};
  lines.next = lines.text;
  tel_tracing_settings_init(&settings);
  tel_tracing_settings_environment(&settings, get, &lines, warn, NULL);
  /* Taken or refused, what comes of it is within bounds. */
  if (settings.queue_size == 0 || settings.batch_size == 0 || settings.batch_size > settings.queue_size)
    abort();
  if (!memchr(settings.headers, '\0', sizeof settings.headers) || strpbrk(settings.headers, "\r\n")) abort();
  free(lines.text);
  return 0;
}
