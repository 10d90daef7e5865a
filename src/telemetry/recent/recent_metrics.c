/* SPDX-License-Identifier: MIT */
#include "telemetry/recent/recent_store.h"

/* If no traces are kept, cls is NULL and all metrics are 0. */
static void read_held(void *cls, struct tel_emit *emit) {
  const struct tel_recent *recent = cls;
  size_t chunks = recent ? atomic_load_explicit(&recent->held_chunks, memory_order_relaxed) : 0;
  tel_emit_value(emit, NULL, (double)chunks * TEL_RECENT_CHUNK);
}

static void read_traces(void *cls, struct tel_emit *emit) {
  const struct tel_recent *recent = cls;
  tel_emit_value(emit, NULL,
                 recent ? (double)atomic_load_explicit(&recent->traces, memory_order_relaxed) : 0);
}

static void read_discarded(void *cls, struct tel_emit *emit) {
#define TEXT(name, text) text,
  static const char *const reasons[] = {TEL_RECENT_DISCARDS(TEXT)};
#undef TEXT
  const struct tel_recent *recent = cls;
  for (int i = 0; i < TEL_RECENT_DISCARD_COUNT; i++)
    tel_emit_value(emit, &reasons[i],
                   recent ? (double)atomic_load_explicit(&recent->discarded[i], memory_order_relaxed) : 0);
}

int tel_recent_register(struct tel_recent *recent, struct tel_registry *registry) {
  struct tel_gauge *capacity = NULL;
  const struct tel_metric table[] = {
      {.type = TEL_METRIC_GAUGE,
       .name = "telemetry_recent_capacity_bytes",
       .help = "Memory for recent traces; 0: none are kept.",
       .unit = "bytes",
       .gauge = &capacity},
      {.type = TEL_METRIC_GAUGE,
       .name = "telemetry_recent_held_bytes",
       .help = "Memory used by kept traces.",
       .unit = "bytes",
       .read = read_held,
       .cls = recent},
      {.type = TEL_METRIC_GAUGE,
       .name = "telemetry_recent_traces",
       .help = "Recent traces that are kept.",
       .read = read_traces,
       .cls = recent},
      {.type = TEL_METRIC_COUNTER,
       .name = "telemetry_recent_discarded_total",
       .help = "Traces that were refused or dropped, by reason.",
       .labels = "reason",
       .read = read_discarded,
       .cls = recent},
  };
  int error = tel_registry_add(registry, table, sizeof table / sizeof *table);
  if (recent) tel_gauge_set(capacity, (double)recent->capacity);
  return error;
}
