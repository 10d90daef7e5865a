/* SPDX-License-Identifier: MIT */
/* The configuration file is read again while the service runs. No text may crash the service. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libconfig 1.5 forgets a few bytes with some syntax errors, which LeakSanitizer sees. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
  return "leak:libconfig";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct app_config config;
  struct error error = {""};
  app_config_init(&config);
  int result = app_config_parse(&config, (const char *)data, size, "FILE", size % 2 == 1, "/", &error);
  /* The text is refused with a reason, or all values are within bounds. */
  if (result != 0 && strncmp(error.text, "FILE:", 5) != 0) abort();
  if (!(config.payment_failure_rate >= 0 && config.payment_failure_rate <= 1) || config.shutdown_s == 0 ||
      config.metrics_buckets.count == 0)
    abort();
  return 0;
}
