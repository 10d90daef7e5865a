/* SPDX-License-Identifier: MIT */
/* The rules of names. They are stricter than the data model: a colon is reserved for recording rules, a
 * leading underscore for the formats themselves. */
#include <string.h>

#include "telemetry/metrics/metrics_model.h"

static bool name_valid(const char *name) {
  if (!name) return false;
  for (size_t i = 0; name[i]; i++) {
    char c = name[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool later = (c >= '0' && c <= '9') || c == '_';
    if (!letter && (i == 0 || !later)) return false;
  }
  return name[0] != '\0';
}

static bool ends_with(const char *text, size_t len, const char *end) {
  size_t end_len = strlen(end);
  return len > end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

size_t tel_family_base_len(const char *name, enum tel_metric_type type) {
  return strlen(name) - (type == TEL_METRIC_COUNTER ? strlen("_total") : 0);
}

bool tel_family_names_valid(const struct tel_family_spec *spec, enum tel_metric_type type) {
  if (!name_valid(spec->name)) return false;
  bool total = ends_with(spec->name, strlen(spec->name), "_total");
  if (total != (type == TEL_METRIC_COUNTER)) return false;
  if (spec->unit && spec->unit[0]) {
    size_t base_len = tel_family_base_len(spec->name, type);
    if (!name_valid(spec->unit) || !ends_with(spec->name, base_len, spec->unit)) return false;
    if (spec->name[base_len - strlen(spec->unit) - 1] != '_') return false;
  }
  for (size_t i = 0; i < spec->label_count; i++) {
    if (!name_valid(spec->labels[i])) return false;
    if (type == TEL_METRIC_HISTOGRAM && strcmp(spec->labels[i], "le") == 0) return false;
    for (size_t j = 0; j < i; j++)
      if (strcmp(spec->labels[i], spec->labels[j]) == 0) return false;
  }
  return true;
}

/* Suffixes of the base name. OpenMetrics reserves _created, although this library does not write it. */
static const char *const suffixes[][6] = {
    [TEL_METRIC_COUNTER] = {"", "_total", "_created", NULL},
    [TEL_METRIC_GAUGE] = {"", NULL},
    [TEL_METRIC_HISTOGRAM] = {"", "_bucket", "_count", "_sum", "_created", NULL},
};

static char char_at(const char *base, size_t base_len, const char *suffix, size_t i) {
  return i < base_len ? base[i] : suffix[i - base_len];
}

/* Compares two names, each made of a base and a suffix. */
static bool same(const struct tel_family *a, const char *a_suffix, const struct tel_family *b,
                 const char *b_suffix) {
  size_t len = a->base_len + strlen(a_suffix);
  if (b->base_len + strlen(b_suffix) != len) return false;
  for (size_t i = 0; i < len; i++)
    if (char_at(a->name, a->base_len, a_suffix, i) != char_at(b->name, b->base_len, b_suffix, i))
      return false;
  return true;
}

bool tel_family_names_clash(const struct tel_family *a, const struct tel_family *b) {
  for (const char *const *of_a = suffixes[a->type]; *of_a; of_a++)
    for (const char *const *of_b = suffixes[b->type]; *of_b; of_b++)
      if (same(a, *of_a, b, *of_b)) return true;
  return false;
}
