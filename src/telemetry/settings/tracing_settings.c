/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "telemetry/otlp/endpoint.h"
#include "telemetry/settings/tracing_settings.h"

void tel_tracing_settings_init(struct tel_tracing_settings *settings) {
  *settings = (struct tel_tracing_settings){
      .exporter = TEL_EXPORTER_OTLP,
      .propagate = true,
      .sampler = TEL_SAMPLER_ALWAYS_ON,
      .parent_based = true,
      .ratio = 1,
      .attribute_limit = 128,
      .event_limit = 128,
      .link_limit = 128,
      .value_limit = UINT32_MAX,
      .event_attribute_limit = 128,
      .link_attribute_limit = 128,
      .schedule_delay_ms = 5000,
      .export_timeout_ms = 30000,
      /* OpenTelemetry's defaults are 2,048 and 512. A service that saturates its cores makes two thousand
       * spans in 25 ms, and its exporter may wait longer for the CPU. */
      .queue_size = 16384,
      .batch_size = 8192,
      .endpoint = "http://localhost:4318/v1/traces",
      .timeout_ms = 10000,
      .service_name = "unknown_service",
      .scope_name = "tel",
  };
}

int tel_tracing_settings_endpoint(struct tel_tracing_settings *settings, const char *base) {
  static const char path[] = "v1/traces";
  size_t len = strlen(base);
  while (len > 0 && base[len - 1] == '/') len--;
  char url[sizeof settings->endpoint];
  int size = snprintf(url, sizeof url, "%.*s/%s", (int)len, base, path);
  /* Text appended after a query or a fragment would not be part of the path. */
  if (size < 0 || (size_t)size >= sizeof url || strpbrk(base, "?#") || !tel_endpoint_valid(base) ||
      !tel_endpoint_valid(url))
    return tel_endpoint_valid("http://localhost") ? TEL_E_VALUE : TEL_E_MEMORY;
  memcpy(settings->endpoint, url, (size_t)size + 1);
  return TEL_OK;
}
