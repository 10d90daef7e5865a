/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "slack-mock/metrics.h"

#include <stdlib.h>

/* The last one also counts every other status. */
static const char *const refused_statuses[MOCK_REFUSED_STATUSES] = {"0",   "400", "403", "408", "413",
                                                                    "414", "431", "503", "505", "500"};

static void read_stored(void *cls, struct tel_emit *emit) {
  tel_emit_value(emit, NULL, (double)mock_store_stats(cls).messages);
}

static void read_bytes(void *cls, struct tel_emit *emit) {
  tel_emit_value(emit, NULL, (double)mock_store_stats(cls).bytes);
}

static void read_dropped(void *cls, struct tel_emit *emit) {
  tel_emit_value(emit, NULL, (double)mock_store_stats(cls).dropped);
}

static void read_file_errors(void *cls, struct tel_emit *emit) {
  tel_emit_value(emit, NULL, (double)mock_store_stats(cls).file_errors);
}

static void read_mode(void *cls, struct tel_emit *emit) {
  const struct mock_mode_row *now = mock_mode_get(cls, NULL), *row;
  for (size_t i = 0; (row = mock_mode_row(i)); i++) tel_emit_value(emit, &row->name, row == now);
}

static void read_build_info(void *cls, struct tel_emit *emit) {
  (void)cls;
  tel_emit_value(emit, (const char *const[]){PACKAGE_VERSION}, 1);
}

/* Create known series at 0, or rate() misses their first increment. */
static bool make_series(struct mock_metrics *metrics, struct tel_family *messages,
                        struct tel_family *refused) {
  bool ok = true;
  for (int i = 0; i < MOCK_RESULT_COUNT; i++)
    ok = ok && tel_counter_series(messages, &mock_result_row(i)->word, &metrics->results[i]) == 0;
  for (int i = 0; i < MOCK_REFUSED_STATUSES; i++)
    ok = ok && tel_counter_series(refused, &refused_statuses[i], &metrics->refused[i]) == 0;
  return ok;
}

bool mock_metrics_open(struct mock_metrics *metrics, struct mock_store *store, struct mock_mode *mode) {
  struct tel_family *messages = NULL, *refused = NULL;
  const struct tel_metric table[] = {
      {.type = TEL_METRIC_COUNTER,
       .name = "slack_mock_messages_total",
       .help = "Messages posted to the webhook, by result.",
       .labels = "result",
       .family = &messages},
      {.type = TEL_METRIC_COUNTER,
       .name = "slack_mock_refused_total",
       .help = "Requests that were cut off or refused, also writes of other web sites, by status.",
       .labels = "status",
       .family = &refused},
      {.type = TEL_METRIC_GAUGE,
       .name = "slack_mock_messages_stored",
       .help = "Messages in the channel.",
       .read = read_stored,
       .cls = store},
      {.type = TEL_METRIC_GAUGE,
       .name = "slack_mock_messages_bytes",
       .help = "Bytes of the messages in the channel.",
       .unit = "bytes",
       .read = read_bytes,
       .cls = store},
      {.type = TEL_METRIC_COUNTER,
       .name = "slack_mock_messages_dropped_total",
       .help = "Oldest messages that were dropped because the channel was full.",
       .read = read_dropped,
       .cls = store},
      {.type = TEL_METRIC_COUNTER,
       .name = "slack_mock_store_errors_total",
       .help = "Messages that could not be written to the store's file.",
       .read = read_file_errors,
       .cls = store},
      {.type = TEL_METRIC_GAUGE,
       .name = "slack_mock_mode",
       .help = "1 for the current mode, 0 for the others.",
       .labels = "mode",
       .read = read_mode,
       .cls = mode},
      {.type = TEL_METRIC_GAUGE,
       .name = "slack_mock_build_info",
       .help = "The running version.",
       .labels = "version",
       .read = read_build_info},
  };
  metrics->registry = tel_registry_new(NULL);
  return metrics->registry && tel_registry_add(metrics->registry, table, sizeof table / sizeof *table) == 0 &&
         make_series(metrics, messages, refused);
}

void mock_metrics_free(struct mock_metrics *metrics) {
  tel_registry_free(metrics->registry);
}

void mock_metrics_refused(struct mock_metrics *metrics, unsigned status) {
  size_t i = 0;
  while (i < MOCK_REFUSED_STATUSES - 1 && strtoul(refused_statuses[i], NULL, 10) != status) i++;
  tel_counter_add(metrics->refused[i], 1);
}
