/* SPDX-License-Identifier: MIT */
/* Prints the sample registry for other projects' parsers: expose_sample text|openmetrics [gzip] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telemetry/metrics/exposition.h"
#include "telemetry/metrics/process.h"
#include "telemetry/metrics/sample_registry.h"

int main(int argc, char **argv) {
  if (argc < 2 || (strcmp(argv[1], "text") != 0 && strcmp(argv[1], "openmetrics") != 0)) {
    fprintf(stderr, "usage: %s text|openmetrics [gzip]\n", argv[0]);
    return 2;
  }
  enum tel_format format = strcmp(argv[1], "openmetrics") == 0 ? TEL_FORMAT_OPENMETRICS : TEL_FORMAT_TEXT;
  struct buf out = BUF_INIT(SIZE_MAX), zipped = BUF_INIT(SIZE_MAX);
  struct tel_registry *registry = sample_registry_new();
  int error = registry ? tel_process_register(registry) : TEL_E_MEMORY;
  if (!error) error = tel_exposition_write(registry, format, &out);
  if (!error && argc > 2) error = tel_gzip(out.data, out.len, &zipped);
  if (error)
    fprintf(stderr, "%s\n", tel_error_text(error));
  else
    fwrite(argc > 2 ? zipped.data : out.data, 1, argc > 2 ? zipped.len : out.len, stdout);
  buf_free(&zipped);
  buf_free(&out);
  tel_registry_free(registry);
  return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
