/* SPDX-License-Identifier: MIT */
/* Any bytes on a connection to the shop: its routes, bodies, responses, log lines and spans. */
#include <stdint.h>
#include <stdlib.h>

#include "base/startup.h"
#include "fuzz/wire.h"
#include "http/service.h"
#include "support/shop_settings.h"
#include "telemetry/traces/tracing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http_service *service;

/* One service for all inputs, with all its telemetry. The log goes to /dev/null, and spans go to the recent
 * traces. */
static void start(void) {
  static const double buckets[] = {1};
  struct shop_settings shop_settings = shop_defaults();
  struct tel_tracing_settings tracing_settings;
  struct tel_log_settings log_settings = {.level = TEL_DEBUG,
                                          .enabled = true,
                                          .file = "/dev/null",
                                          .queue_size = 1024,
                                          .app = "fuzz",
                                          .version = "1",
                                          .instance = "1"};
  struct http_service_settings settings = {.server = SERVER_SETTINGS_DEFAULT,
                                           .buckets = buckets,
                                           .bucket_count = 1,
                                           .version = "1",
                                           .commit = "2",
                                           .compiler = "3"};
  struct http_service_parts parts = {.registry = tel_registry_new(NULL)};
  struct tel_tracing *tracing = NULL;
  struct error error;
  startup();
  shop_settings.payment_latency_ms = shop_settings.inventory_latency_ms = 0;
  tel_tracing_settings_init(&tracing_settings);
  tracing_settings.recent_bytes = 1 << 20;
  tracing_settings.exporter = TEL_EXPORTER_NONE;
  if (!parts.registry || tel_logger_new(&log_settings, parts.registry, &parts.logger) != 0 ||
      tel_logger_start(parts.logger) != 0 ||
      tel_tracing_new(&tracing_settings, "1", "1", NULL, parts.registry, &tracing) != 0 ||
      tel_tracing_start(tracing) != 0)
    abort();
  parts.shop = shop_new(&shop_settings, parts.registry);
  parts.tracer = tel_tracing_tracer(tracing);
  parts.recent = tel_tracing_recent(tracing);
  settings.server.address.v4.sin_port = 0;
  settings.server.body_limit = 4096;
  if (!parts.shop || http_service_new(&settings, &parts, &service, &error) != 0 ||
      http_service_start(service, &error) != 0)
    abort();
  http_service_set_ready(service, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!service) start();
  wire_fuzz(http_service_address(service), data, size);
  return 0;
}
