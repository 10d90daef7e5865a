/* SPDX-License-Identifier: MIT */
/* Metrics as rows of a table. */
#include <string.h>

#include "telemetry/metrics/metrics_model.h"

enum { LABELS_SIZE = 256 };

/* Splits "method route" into its names, in text. Returns their number. The registry refuses a number above
 * the limit. */
static size_t split(char *text, const char *names[TEL_MAX_LABELS + 1]) {
  size_t count = 0;
  char *rest = NULL;
  for (char *name = strtok_r(text, " ", &rest); name && count <= TEL_MAX_LABELS;
       name = strtok_r(NULL, " ", &rest))
    names[count++] = name;
  return count;
}

static int only_series(const struct tel_metric *row, struct tel_family *family) {
  int error = 0;
  if (row->counter) error = tel_counter_series(family, NULL, row->counter);
  if (!error && row->gauge) error = tel_gauge_series(family, NULL, row->gauge);
  if (!error && row->histogram) error = tel_histogram_series(family, NULL, row->histogram);
  return error;
}

static int register_row(struct tel_registry *registry, const struct tel_metric *row) {
  const char *names[TEL_MAX_LABELS + 1];
  char text[LABELS_SIZE];
  struct tel_family *family = NULL;
  const char *labels = row->labels ? row->labels : "";
  if (!row->name || strlen(labels) >= sizeof text) return TEL_E_VALUE;
  strcpy(text, labels);
  const struct tel_family_spec spec = {.name = row->name,
                                       .help = row->help,
                                       .unit = row->unit,
                                       .labels = names,
                                       .label_count = split(text, names),
                                       .buckets = row->buckets,
                                       .bucket_count = row->bucket_count};
  if (row->read) return tel_read_family(registry, &spec, row->type, row->read, row->cls);
  int error = tel_family_new(registry, &spec, row->type, &family);
  if (error) return error;
  if (row->family) *row->family = family;
  return only_series(row, family);
}

int tel_registry_add(struct tel_registry *registry, const struct tel_metric *table, size_t count) {
  int first = 0;
  for (size_t i = 0; registry && table && i < count; i++) {
    int error = register_row(registry, &table[i]);
    if (!first) first = error;
  }
  return first;
}
