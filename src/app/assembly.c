/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "app/assembly.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config_tracing.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "http/service.h"
#include "telemetry/metrics/process.h"
#include "telemetry/traces/tracing.h"

enum { HEADER_LIMIT = 4096 };

struct app_assembly {
  char instance[APP_TEXT_SIZE];
  struct tel_registry *registry;
  struct tel_counter *reloads[2]; /* rejected, applied */
  struct tel_gauge *last_reload;
  struct tel_logger *logger;
  struct tel_tracing *tracing;
  struct shop *shop;
  struct http_service *service;
};

static const char compiler[] =
#ifdef __clang__
    "clang " __clang_version__;
#else
    "gcc " __VERSION__;
#endif

/* The configured name, or a random UUID, as service.instance.id requires. */
static void name_instance(const struct app_config *config, char out[APP_TEXT_SIZE]) {
  random_uuid(out);
  if (*config->instance) snprintf(out, APP_TEXT_SIZE, "%s", config->instance);
}

static struct shop_settings shop_settings_of(const struct app_config *config) {
  return (struct shop_settings){.payment_failure_rate = config->payment_failure_rate,
                                .payment_latency_ms = config->payment_latency_ms,
                                .payment_part = shop_faults_part_of(config->payment_reason),
                                .payment_connections = (uint32_t)config->payment_connections,
                                .inventory_latency_ms = config->inventory_latency_ms,
                                .inventory_stock = (uint32_t)config->inventory_stock,
                                .inventory_restock_s = config->inventory_restock_s,
                                .grey = {.share = config->grey_share,
                                         .sku = (int)config->grey_sku - 1, /* 0 is "", all */
                                         .caller = config->grey_caller,
                                         .effect = {.payment_failure_rate = config->grey_failure_rate,
                                                    .payment_latency_ms = config->grey_payment_latency_ms,
                                                    .inventory_latency_ms = config->grey_inventory_latency_ms,
                                                    .payment_part = shop_faults_part_of(config->grey_reason),
                                                    .deducted = (uint32_t)config->grey_deducted}},
                                .seed = config->seed,
                                .orders_capacity = (size_t)config->orders_capacity,
                                .orders_unpaid_ttl_s = (uint32_t)config->orders_unpaid_ttl_s};
}

/* The error text for a telemetry function's result. */
static const char *reason(int result) {
  return result == TEL_E_SYSTEM ? strerror(errno) : tel_error_text(result);
}

static int open_log(struct app_assembly *assembly, const struct app_config *config, bool daemon,
                    struct error *error) {
  const char *file = config->log_file;
  if (!*file && daemon) file = "syslog";
  struct tel_log_settings settings = {.level = (enum tel_level)config->log_level,
                                      .enabled = config->log_enabled,
                                      .file = file,
                                      .no_link = *config->user && geteuid() == 0,
                                      .max_bytes = config->log_max_bytes,
                                      .tell_stderr = true,
                                      .keep = (unsigned)config->log_keep,
                                      .queue_size = (size_t)config->log_queue,
                                      .app = PACKAGE_NAME,
                                      .version = PACKAGE_VERSION,
                                      .instance = assembly->instance};
  int result = tel_logger_new(&settings, assembly->registry, &assembly->logger);
  if (result == TEL_E_SYSTEM)
    error_set(error, "cannot open the log %s: %s", *file ? file : "(standard output)",
              file_open_error(errno));
  else if (result != 0 || (result = tel_log_install(assembly->logger)) != 0)
    error_set(error, "cannot set up the log: %s", tel_error_text(result));
  return result ? -1 : 0;
}

static int open_tracing(struct app_assembly *assembly, const struct app_config *config, struct error *error) {
  struct tel_tracing_settings settings;
  const struct tel_tracing_events events = {.report = tel_report_log, .cls = assembly->logger};
  if (app_tracing_settings(config, tel_warn_log, assembly->logger, &settings, error) != 0) return -1;
  int result = tel_tracing_new(&settings, PACKAGE_VERSION, assembly->instance, &events, assembly->registry,
                               &assembly->tracing);
  if (result) error_set(error, "cannot set up tracing: %s", reason(result));
  return result ? -1 : 0;
}

static int open_service(struct app_assembly *assembly, const struct app_config *config, struct error *error) {
  struct http_service_settings settings = {
      .server = {.address = config->listen,
                 .pool = (unsigned)config->server_pool,
                 .connections = (unsigned)config->server_connections,
                 .body_limit = (size_t)config->server_body_limit,
                 .header_limit = HEADER_LIMIT,
                 .idle_timeout_s = (unsigned)config->server_idle_timeout_s,
                 .request_timeout_s = (unsigned)config->server_request_timeout_s},
      .buckets = config->metrics_buckets.values,
      .bucket_count = config->metrics_buckets.count,
      .version = PACKAGE_VERSION,
      .commit = MINISHOP_COMMIT,
      .compiler = compiler};
  struct http_service_parts parts = {.shop = assembly->shop,
                                     .registry = assembly->registry,
                                     .tracer = tel_tracing_tracer(assembly->tracing),
                                     .recent = tel_tracing_recent(assembly->tracing),
                                     .logger = assembly->logger};
  return http_service_new(&settings, &parts, &assembly->service, error);
}

static int register_reloads(struct app_assembly *assembly) {
  static const char *const results[] = {"rejected", "applied"};
  struct tel_family *reloads = NULL;
  const struct tel_metric table[] = {
      {.type = TEL_METRIC_COUNTER,
       .name = "minishop_config_reloads_total",
       .help = "Reloads of the configuration (SIGHUP).",
       .labels = "result",
       .family = &reloads},
      {.type = TEL_METRIC_GAUGE,
       .name = "minishop_config_last_reload_successful",
       .help = "1 unless the last reload was rejected; 1 before the first one.",
       .gauge = &assembly->last_reload},
  };
  int result = tel_registry_add(assembly->registry, table, sizeof table / sizeof *table);
  for (size_t i = 0; result == 0 && i < 2; i++)
    result = tel_counter_series(reloads, &results[i], &assembly->reloads[i]);
  tel_gauge_set(assembly->last_reload, 1);
  return result;
}

static int open_metrics(struct app_assembly *assembly, const struct app_config *config, struct error *error) {
  if (!config->metrics_enabled) return 0;
  assembly->registry = tel_registry_new(NULL);
  int result = assembly->registry ? tel_process_register(assembly->registry) : TEL_E_MEMORY;
  if (result == 0) result = register_reloads(assembly);
  if (result) error_set(error, "cannot set up the metrics: %s", reason(result));
  return result ? -1 : 0;
}

static int open_shop(struct app_assembly *assembly, const struct app_config *config, struct error *error) {
  struct shop_settings settings = shop_settings_of(config);
  assembly->shop = shop_new(&settings, assembly->registry);
  if (!assembly->shop) error_set(error, "cannot set up the shop: out of memory");
  return assembly->shop ? 0 : -1;
}

int app_assembly_new(const struct app_config *config, bool daemon, struct app_assembly **out,
                     struct error *error) {
  struct app_assembly *assembly = calloc(1, sizeof *assembly);
  if (!assembly || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    error_set(error, "out of memory");
    free(assembly);
    return -1;
  }
  name_instance(config, assembly->instance);
  if (open_metrics(assembly, config, error) != 0 || open_log(assembly, config, daemon, error) != 0 ||
      open_tracing(assembly, config, error) != 0 || open_shop(assembly, config, error) != 0 ||
      open_service(assembly, config, error) != 0) {
    app_assembly_free(assembly, clock_mono_ns());
    return -1;
  }
  *out = assembly;
  return 0;
}

int app_assembly_start(struct app_assembly *assembly, struct error *error) {
  int result = tel_logger_start(assembly->logger);
  if (result == 0) result = tel_tracing_start(assembly->tracing);
  if (result) {
    error_set(error, "cannot start the telemetry's threads: %s", reason(result));
    return -1;
  }
  if (http_service_start(assembly->service, error) != 0) return -1;
  http_service_set_ready(assembly->service, true);
  return 0;
}

void app_assembly_reconfigure(struct app_assembly *assembly, const struct app_config *config) {
  struct shop_settings settings = shop_settings_of(config);
  shop_reconfigure(assembly->shop, &settings);
  tel_log_set_level(assembly->logger, (enum tel_level)config->log_level);
}

void app_assembly_reloaded(struct app_assembly *assembly, bool applied) {
  tel_counter_add(assembly->reloads[applied], 1);
  tel_gauge_set(assembly->last_reload, applied);
}

struct tel_logger *app_assembly_logger(struct app_assembly *assembly) {
  return assembly->logger;
}

const struct address *app_assembly_address(const struct app_assembly *assembly) {
  return http_service_address(assembly->service);
}

struct app_lost app_assembly_stop(struct app_assembly *assembly, const struct app_deadlines *deadlines) {
  struct app_lost lost = {.requests = http_service_drain(assembly->service, deadlines->drain)};
  if (lost.requests > 0) {
    /* Running handlers may still create spans, so nothing can be freed. */
    tel_tracing_flush(assembly->tracing, deadlines->spans);
    return lost;
  }
  http_service_free(assembly->service);
  assembly->service = NULL;
  lost.spans = tel_tracing_free(assembly->tracing, deadlines->spans);
  assembly->tracing = NULL;
  return lost;
}

uint64_t app_assembly_free(struct app_assembly *assembly, uint64_t deadline_mono_ns) {
  if (!assembly) return 0;
  http_service_free(assembly->service);
  tel_tracing_free(assembly->tracing, deadline_mono_ns);
  shop_free(assembly->shop);
  uint64_t lost = tel_logger_free(assembly->logger, deadline_mono_ns);
  tel_registry_free(assembly->registry);
  free(assembly);
  curl_global_cleanup();
  return lost;
}
