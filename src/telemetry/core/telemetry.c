/* SPDX-License-Identifier: MIT */
#include "config.h" /* first: GNU extensions */

#include "telemetry/core/telemetry_private.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/forks.h"
#include "telemetry/logs/log_rename.h"
#include "telemetry/metrics/process.h"
#include "telemetry/traces/tracing.h"

/* For log lines after the deadline of the spans: the exporter may report a failure at that deadline. */
#define LINES_NS (200 * CLOCK_NS_PER_MS)

/* An object that an adapter gave to tel. */
struct tel_owned {
  struct tel_owned *next;
  void (*end)(void *object);     /* called early, or NULL */
  void (*destroy)(void *object); /* called late, or NULL */
  void *object;
};

void tel_fail(struct tel *tel, int error, const char *text) {
  if (!tel || error == 0) return;
  if (!text) text = "telemetry";
  int system = errno;
  bool alone = tel_foreign(tel); /* another thread may have held the lock at the fork */
  if (!alone) pthread_mutex_lock(&tel->lock);
  if (tel->error == 0) {
    tel->error = error;
    snprintf(tel->error_text, sizeof tel->error_text, "%s: %s%s%s", text, tel_error_text(error),
             error == TEL_E_SYSTEM ? ": " : "", error == TEL_E_SYSTEM ? strerror(system) : "");
  }
  if (!alone) pthread_mutex_unlock(&tel->lock);
}

static int open_tracing(struct tel *tel, const char *name, const char *version) {
  const struct tel_tracing_events events = {.report = tel_report_log, .cls = tel->logger};
  struct tel_tracing_settings *settings = malloc(sizeof *settings);
  if (!settings) return TEL_E_MEMORY;
  tel_tracing_settings_init(settings);
  snprintf(settings->service_name, sizeof settings->service_name, "%s", name);
  snprintf(settings->scope_name, sizeof settings->scope_name, "%s", name);
  snprintf(settings->scope_version, sizeof settings->scope_version, "%s", version);
  tel_tracing_settings_environment(settings, tel_getenv, NULL, tel_warn_log, tel->logger);
  int error = tel_tracing_new(settings, version, tel->instance, &events, tel->registry, &tel->tracing);
  free(settings);
  return error;
}

static int open_parts(struct tel *tel, const char *name, const char *version) {
  const struct tel_log_settings log = {.level = TEL_INFO,
                                       .enabled = true,
                                       .file = "",
                                       .app = name,
                                       .version = version,
                                       .instance = tel->instance};
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return TEL_E_MEMORY;
  tel->has_curl = true;
  strcpy(tel->version, version);
  tel->registry = tel_registry_new(NULL);
  if (!tel->registry) return TEL_E_MEMORY;
  int error = tel_process_register(tel->registry);
  if (!error) error = tel_logger_new(&log, tel->registry, &tel->logger);
  return error ? error : open_tracing(tel, name, version);
}

struct tel *tel_new(const char *name, const char *version) {
  struct tel *tel = calloc(1, sizeof *tel);
  if (!tel) return NULL;
  pthread_mutex_init(&tel->lock, NULL);
  random_uuid(tel->instance); /* watches for forks from now on */
  tel->process = forks_generation();
  if (!name || !version || !*name || strlen(name) >= TEL_NAME_SIZE || strlen(version) >= TEL_NAME_SIZE)
    tel_fail(tel, TEL_E_VALUE,
             "telemetry requires a name of 1 to 63 bytes and a version of at most 63 bytes");
  else
    tel_fail(tel, open_parts(tel, name, version), "cannot set up telemetry");
  return tel;
}

bool tel_foreign(const struct tel *tel) {
  unsigned started_in = atomic_load_explicit(&tel->started_in, memory_order_relaxed);
  return started_in != 0 && started_in != forks_generation() + 1;
}

/* Each process is a separate instance. */
static int take_over(struct tel *tel) {
  if (tel->process == forks_generation()) return 0;
  tel->process = forks_generation();
  random_uuid(tel->instance);
  tel_tracing_rename(tel->tracing, tel->instance);
  return tel_logger_rename(tel->logger, tel->version, tel->instance);
}

int tel_start(struct tel *tel) {
  if (!tel) return TEL_E_MEMORY;
  if (tel_foreign(tel))
    tel_fail(tel, TEL_E_VALUE, "telemetry was started before the fork; call tel_new() in the child");
  else if (tel->started_in)
    tel_fail(tel, TEL_E_VALUE, "telemetry has been started already");
  if (!tel->error) tel_fail(tel, take_over(tel), "cannot start telemetry in this process");
  if (tel->error) return tel->error;
  /* Install late, because programs choose yder's output in their first lines. If yder has another logger
   * already, this one works without yder. */
  int error = tel_log_install(tel->logger);
  if (error == TEL_E_FULL) error = 0;
  if (!error) error = tel_logger_start(tel->logger);
  if (!error) error = tel_tracing_start(tel->tracing);
  tel_fail(tel, error, "cannot start telemetry");
  tel->started_in = tel->error == 0 ? forks_generation() + 1 : 0;
  return tel->error;
}

const char *tel_error(const struct tel *tel) {
  if (!tel) return tel_error_text(TEL_E_MEMORY);
  if (tel_foreign(tel)) return tel->error_text; /* see tel_fail() */
  pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&tel->lock;
  pthread_mutex_lock(lock);
  const char *text = tel->error == 0 ? "" : tel->error_text; /* written once */
  pthread_mutex_unlock(lock);
  return text;
}

/* end() may call tel_at_end() again. */
static void end_owned(struct tel *tel) {
  for (struct tel_owned *owned = tel->owned; owned;) {
    void (*end)(void *object) = owned->end;
    owned->end = NULL;
    if (end) end(owned->object);
    owned = end ? tel->owned : owned->next;
  }
}

static void destroy_owned(struct tel *tel) {
  for (struct tel_owned *owned; (owned = tel->owned);) {
    tel->owned = owned->next;
    if (owned->destroy) owned->destroy(owned->object);
    free(owned);
  }
}

uint64_t tel_free(struct tel *tel, unsigned milliseconds) {
  if (!tel) return 0;
  if (tel_foreign(tel)) {
    tel_logger_free(tel->logger, 0); /* releases yder */
    tel_leave_behind(&tel->left);
    return 0;
  }
  uint64_t deadline = clock_mono_ns() + milliseconds * CLOCK_NS_PER_MS;
  size_t left_behind = tel_left_behind_count();
  struct tel_registry *registry = tel->registry;
  end_owned(tel);
  uint64_t lost = tel_tracing_free(tel->tracing, deadline);
  lost += tel_logger_free(tel->logger, deadline + LINES_NS);
  tel->registry = NULL; /* destroy() may ask for the parts */
  tel->tracing = NULL;
  tel->logger = NULL;
  bool all_left = tel_left_behind_count() == left_behind;
  if (all_left) destroy_owned(tel); /* late, because queued spans and lines use strings in these objects */
  tel_registry_free(registry);
  pthread_mutex_destroy(&tel->lock);
  if (tel->has_curl) curl_global_cleanup(); /* libcurl counts these calls */
  if (all_left)
    free(tel);
  else
    tel_leave_behind(&tel->left); /* together with those strings */
  return lost;
}

int tel_register(struct tel *tel, const struct tel_metric *table, size_t count) {
  int first = 0;
  if (tel && tel_foreign(tel)) return TEL_E_VALUE;
  for (size_t i = 0; tel && table && i < count; i++) {
    int error = tel_registry_add(tel->registry, &table[i], 1);
    tel_fail(tel, error, table[i].name ? table[i].name : "a metric without a name");
    if (!first) first = error;
  }
  return first;
}

/* Without tracing, no scrape may read the registry: some families refer to data that is freed. In a child of
 * fork(), a scrape might wait for ever: another thread of the parent may have held the lock. */
struct tel_registry *tel_registry(struct tel *tel) {
  return tel && tel->tracing && !tel_foreign(tel) ? tel->registry : NULL;
}

struct tel_tracer *tel_tracer(struct tel *tel) {
  return tel && tel->tracing ? tel_tracing_tracer(tel->tracing) : NULL;
}

struct tel_logger *tel_logger(struct tel *tel) {
  return tel ? tel->logger : NULL;
}

static int add_owned(struct tel *tel, struct tel_owned from) {
  struct tel_owned *owned = malloc(sizeof *owned);
  if (!owned) return TEL_E_MEMORY;
  *owned = from;
  owned->next = tel->owned;
  tel->owned = owned;
  return 0;
}

int tel_own_locked(struct tel *tel, void (*destroy)(void *object), void *object) {
  return add_owned(tel, (struct tel_owned){.destroy = destroy, .object = object});
}

int tel_at_end(struct tel *tel, void (*end)(void *object), void *object) {
  if (!tel) return TEL_E_MEMORY;
  if (tel_foreign(tel)) return TEL_E_VALUE;
  pthread_mutex_lock(&tel->lock);
  int error = add_owned(tel, (struct tel_owned){.end = end, .object = object});
  pthread_mutex_unlock(&tel->lock);
  return error;
}

int tel_own(struct tel *tel, void (*destroy)(void *object), void *object) {
  int error = tel ? TEL_E_VALUE : TEL_E_MEMORY;
  if (tel && !tel_foreign(tel)) {
    pthread_mutex_lock(&tel->lock);
    error = tel_own_locked(tel, destroy, object);
    pthread_mutex_unlock(&tel->lock);
  }
  if (error && destroy) destroy(object);
  return error;
}
