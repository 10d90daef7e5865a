/* SPDX-License-Identifier: MIT */
/* Families and series are linked under the registry's lock when they are complete. Handles never move. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "telemetry/metrics/metrics_model.h"

enum { DEFAULT_FAMILIES = 256, DEFAULT_SERIES = 1000, OWN_FAMILIES = 2 };

/* Series */

static void *instrument_new(const struct tel_family *family) {
  switch (family->type) {
  case TEL_METRIC_COUNTER:
    return tel_instrument_new(sizeof(struct tel_counter));
  case TEL_METRIC_GAUGE:
    return tel_instrument_new(sizeof(struct tel_gauge));
  case TEL_METRIC_HISTOGRAM:
    return tel_histogram_new(family->bounds, family->bound_count);
  }
  return NULL;
}

/* The place in the index of the series with these values, or the free place for it. */
static uint32_t *place_of(const struct tel_family *family, const char *values, size_t len, uint64_t hash) {
  size_t places = 2 * family->series_room, at = hash & (places - 1);
  for (; family->index[at]; at = (at + 1) & (places - 1)) {
    const struct tel_series *s = &family->series[family->index[at] - 1];
    if (s->hash == hash && s->values_len == len && memcmp(s->values, values, len) == 0) break;
  }
  return &family->index[at];
}

/* Doubles the room, which is a power of two. */
static bool series_grow(struct tel_family *family) {
  if (family->series_count < family->series_room) return true;
  size_t room = family->series_room ? 2 * family->series_room : 4;
  struct tel_series *series = realloc(family->series, room * sizeof *series);
  if (!series) return false;
  family->series = series;
  uint32_t *index = room < UINT32_MAX ? calloc(2 * room, sizeof *index) : NULL;
  if (!index) return false;
  free(family->index);
  family->index = index;
  family->series_room = room;
  for (uint32_t i = 0; i < family->series_count; i++)
    *place_of(family, series[i].values, series[i].values_len, series[i].hash) = i + 1;
  return true;
}

/* Takes ownership of values, also on failure. */
static int series_add(struct tel_family *family, char *values, size_t len, uint64_t hash, void **out) {
  void *instrument = series_grow(family) ? instrument_new(family) : NULL;
  if (!instrument) {
    free(values);
    return TEL_E_MEMORY;
  }
  uint32_t *place = place_of(family, values, len, hash);
  family->series[family->series_count++] = (struct tel_series){values, len, hash, instrument};
  *place = (uint32_t)family->series_count;
  *out = instrument;
  return TEL_OK;
}

uint64_t tel_metrics_hash(const char *data, size_t len) {
  uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
  for (size_t i = 0; i < len; i++) hash = (hash ^ (unsigned char)data[i]) * UINT64_C(1099511628211);
  return hash;
}

static int values_copy(const struct tel_family *family, const char *const *values, char **out,
                       size_t *out_len) {
  size_t len = 0;
  for (size_t i = 0; i < family->label_count; i++) {
    if (!values || !values[i] || !utf8_valid(values[i], strlen(values[i]))) return TEL_E_LABELS;
    len += strlen(values[i]) + 1;
  }
  char *copy = malloc(len + 1); /* never of size 0 */
  if (!copy) return TEL_E_MEMORY;
  char *to = copy;
  for (size_t i = 0; i < family->label_count; i++) to = stpcpy(to, values[i]) + 1;
  *out = copy;
  *out_len = len;
  return TEL_OK;
}

static int series_get(struct tel_family *family, enum tel_metric_type type, const char *const *label_values,
                      void **out) {
  if (!family || !out || family->type != type || family->read) return TEL_E_VALUE;
  char *values;
  size_t len;
  int error = values_copy(family, label_values, &values, &len);
  if (error) return error;
  uint64_t hash = tel_metrics_hash(values, len);
  struct tel_registry *registry = family->registry;

  if (!tel_registry_lock(registry)) {
    free(values);
    return TEL_E_VALUE;
  }
  uint32_t found = family->series_room ? *place_of(family, values, len, hash) : 0;
  if (found) {
    *out = family->series[found - 1].instrument;
    free(values);
  } else if (family->series_count >= registry->max_series) {
    family->dropped++;
    free(values);
    error = TEL_E_FULL;
  } else {
    error = series_add(family, values, len, hash, out);
  }
  pthread_mutex_unlock(&registry->lock);
  return error;
}

int tel_counter_series(struct tel_family *family, const char *const *values, struct tel_counter **out) {
  void *instrument;
  int error = series_get(family, TEL_METRIC_COUNTER, values, out ? &instrument : NULL);
  if (!error) *out = instrument;
  return error;
}

int tel_gauge_series(struct tel_family *family, const char *const *values, struct tel_gauge **out) {
  void *instrument;
  int error = series_get(family, TEL_METRIC_GAUGE, values, out ? &instrument : NULL);
  if (!error) *out = instrument;
  return error;
}

int tel_histogram_series(struct tel_family *family, const char *const *values, struct tel_histogram **out) {
  void *instrument;
  int error = series_get(family, TEL_METRIC_HISTOGRAM, values, out ? &instrument : NULL);
  if (!error) *out = instrument;
  return error;
}

/* Families */

static void family_free(struct tel_family *family) {
  if (!family) return;
  for (size_t i = 0; i < family->series_count; i++) {
    free(family->series[i].values);
    free(family->series[i].instrument);
  }
  free(family->series);
  free(family->index);
  free(family->strings);
  free(family->owned);
  free(family);
}

static int spec_check(const struct tel_family_spec *spec, enum tel_metric_type type) {
  if (!spec || spec->label_count > TEL_MAX_LABELS || (spec->label_count && !spec->labels) ||
      (unsigned)type > TEL_METRIC_HISTOGRAM)
    return TEL_E_VALUE;
  if (!tel_family_names_valid(spec, type)) return TEL_E_NAME;
  if (spec->help && !utf8_valid(spec->help, strlen(spec->help))) return TEL_E_VALUE;
  if (type != TEL_METRIC_HISTOGRAM) return TEL_OK;
  if (spec->bucket_count > TEL_MAX_BUCKETS || (spec->bucket_count && !spec->buckets)) return TEL_E_VALUE;
  for (size_t i = 0; i < spec->bucket_count; i++) {
    if (!isfinite(spec->buckets[i]) || spec->buckets[i] < 0) return TEL_E_VALUE;
    if (i > 0 && spec->buckets[i] <= spec->buckets[i - 1]) return TEL_E_VALUE;
  }
  return TEL_OK;
}

static const char *string_copy(char **at, const char *text) {
  const char *copy = *at;
  *at = stpcpy(*at, text) + 1;
  return copy;
}

/* Checks the specification, and copies it as a family without series. */
static int family_make(const struct tel_family_spec *spec, enum tel_metric_type type,
                       struct tel_family **out) {
  int error = spec_check(spec, type);
  if (error) return error;
  const char *help = spec->help ? spec->help : "", *unit = spec->unit ? spec->unit : "";
  size_t size = strlen(spec->name) + strlen(help) + strlen(unit) + 3;
  for (size_t i = 0; i < spec->label_count; i++) size += strlen(spec->labels[i]) + 1;
  struct tel_family *family = calloc(1, sizeof *family);
  char *strings = malloc(size);
  if (!family || !strings) {
    free(family);
    free(strings);
    return TEL_E_MEMORY;
  }
  family->type = type;
  family->strings = strings;
  family->name = string_copy(&strings, spec->name);
  family->help = string_copy(&strings, help);
  family->unit = string_copy(&strings, unit);
  family->label_count = spec->label_count;
  for (size_t i = 0; i < spec->label_count; i++) family->labels[i] = string_copy(&strings, spec->labels[i]);
  family->base_len = tel_family_base_len(spec->name, type);
  if (type == TEL_METRIC_HISTOGRAM) {
    family->bound_count = spec->bucket_count;
    for (size_t i = 0; i < spec->bucket_count; i++) family->bounds[i] = spec->buckets[i] + 0.0; /* no -0 */
  }
  *out = family;
  return TEL_OK;
}

static int family_link(struct tel_registry *registry, struct tel_family *family) {
  size_t at = 0;
  for (size_t i = 0; i < registry->family_count; i++) {
    if (tel_family_names_clash(registry->families[i], family)) return TEL_E_NAME;
    if (strcmp(registry->families[i]->name, family->name) < 0) at = i + 1;
  }
  if (registry->family_count >= registry->max_families) return TEL_E_FULL;
  if (registry->family_count == registry->family_room) {
    size_t room = registry->family_room ? 2 * registry->family_room : 16;
    struct tel_family **families = realloc(registry->families, room * sizeof *families);
    if (!families) return TEL_E_MEMORY;
    registry->families = families;
    registry->family_room = room;
  }
  struct tel_family **to = registry->families + at;
  memmove(to + 1, to, (registry->family_count - at) * sizeof *to);
  *to = family;
  registry->family_count++;
  return TEL_OK;
}

static int family_register(struct tel_registry *registry, struct tel_family *family) {
  family->registry = registry;
  if (!tel_registry_lock(registry)) return TEL_E_VALUE;
  int error = family_link(registry, family);
  pthread_mutex_unlock(&registry->lock);
  return error;
}

int tel_family_new(struct tel_registry *registry, const struct tel_family_spec *spec,
                   enum tel_metric_type type, struct tel_family **out) {
  struct tel_family *family;
  if (!registry || !out) return TEL_E_VALUE;
  int error = family_make(spec, type, &family);
  if (error) return error;
  if (family->label_count == 0) {
    char *values = calloc(1, 1);
    void *instrument;
    error = values ? series_add(family, values, 0, tel_metrics_hash(values, 0), &instrument) : TEL_E_MEMORY;
  }
  if (!error) error = family_register(registry, family);
  if (error)
    family_free(family);
  else
    *out = family;
  return error;
}

int tel_counter_family(struct tel_registry *registry, const struct tel_family_spec *spec,
                       struct tel_family **out) {
  return tel_family_new(registry, spec, TEL_METRIC_COUNTER, out);
}

int tel_gauge_family(struct tel_registry *registry, const struct tel_family_spec *spec,
                     struct tel_family **out) {
  return tel_family_new(registry, spec, TEL_METRIC_GAUGE, out);
}

int tel_histogram_family(struct tel_registry *registry, const struct tel_family_spec *spec,
                         struct tel_family **out) {
  return tel_family_new(registry, spec, TEL_METRIC_HISTOGRAM, out);
}

int tel_read_family_owned(struct tel_registry *registry, const struct tel_family_spec *spec,
                          enum tel_metric_type type, tel_read_fn *read, void *cls, void *owned) {
  struct tel_family *family;
  if (!registry || !read || type == TEL_METRIC_HISTOGRAM) return TEL_E_VALUE;
  int error = family_make(spec, type, &family);
  if (error) return error;
  family->read = read;
  family->cls = cls;
  error = family_register(registry, family);
  if (error)
    family_free(family);
  else
    family->owned = owned;
  return error;
}

int tel_read_family(struct tel_registry *registry, const struct tel_family_spec *spec,
                    enum tel_metric_type type, tel_read_fn *read, void *cls) {
  return tel_read_family_owned(registry, spec, type, read, cls, NULL);
}

/* The registry */

/* Runs under the lock, like every read function. */
static void read_dropped(void *cls, struct tel_emit *emit) {
  const struct tel_registry *registry = cls;
  for (size_t i = 0; i < registry->family_count; i++) {
    const struct tel_family *family = registry->families[i];
    if (family->label_count > 0 && !family->read)
      tel_emit_value(emit, (const char *const[]){family->name}, (double)family->dropped);
  }
}

static int register_own(struct tel_registry *registry) {
  static const double bounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                  0.01,   0.025,   0.05,   0.1,   0.25,   1};
  const struct tel_metric own[OWN_FAMILIES] = {
      {.type = TEL_METRIC_COUNTER,
       .name = "telemetry_metric_series_dropped_total",
       .help = "Refused calls for a new series: the family was at its limit.",
       .labels = "family",
       .read = read_dropped,
       .cls = registry},
      {.type = TEL_METRIC_HISTOGRAM,
       .name = "telemetry_scrape_duration_seconds",
       .help = "Time to gather and write one exposition.",
       .unit = "seconds",
       .buckets = bounds,
       .bucket_count = sizeof bounds / sizeof *bounds,
       .histogram = &registry->scrape_duration},
  };
  return tel_registry_add(registry, own, OWN_FAMILIES);
}

static void init_lock(pthread_mutex_t *lock) {
  pthread_mutexattr_t checked;
  pthread_mutexattr_init(&checked);
  pthread_mutexattr_settype(&checked, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(lock, &checked);
  pthread_mutexattr_destroy(&checked);
}

bool tel_registry_lock(struct tel_registry *registry) {
  return pthread_mutex_lock(&registry->lock) == 0;
}

struct tel_registry *tel_registry_new(const struct tel_registry_settings *settings) {
  struct tel_registry *registry = calloc(1, sizeof *registry);
  if (!registry) return NULL;
  init_lock(&registry->lock);
  registry->seen = (struct buf)BUF_INIT(SIZE_MAX);
  size_t families = settings ? settings->max_families : 0, series = settings ? settings->max_series : 0;
  if (!families) families = DEFAULT_FAMILIES;
  registry->max_families = families < SIZE_MAX - OWN_FAMILIES ? families + OWN_FAMILIES : SIZE_MAX;
  registry->max_series = series ? series : DEFAULT_SERIES;
  if (register_own(registry) == TEL_OK) return registry;
  tel_registry_free(registry);
  return NULL;
}

void tel_registry_free(struct tel_registry *registry) {
  if (!registry) return;
  for (size_t i = 0; i < registry->family_count; i++) family_free(registry->families[i]);
  free(registry->families);
  buf_free(&registry->seen);
  pthread_mutex_destroy(&registry->lock);
  free(registry);
}
