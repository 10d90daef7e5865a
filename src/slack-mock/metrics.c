#include "config.h"

#include "slack-mock/metrics.h"

#include <stdlib.h>

/* 500: every other status; none occurs. */
static const char *const refused_statuses[MOCK_REFUSED_STATUSES] = {"0",   "400", "408", "413", "414",
                                                                    "431", "503", "505", "500"};

void mock_counts_refused(struct mock_counts *counts, unsigned status) {
  size_t i = 0;
  while (i < MOCK_REFUSED_STATUSES - 1 && strtoul(refused_statuses[i], NULL, 10) != status) i++;
  atomic_fetch_add_explicit(&counts->refused[i], 1, memory_order_relaxed);
}

static void put_head(struct buf *out, const char *name, const char *type, const char *help) {
  buf_puts(out, "# HELP ");
  buf_puts(out, name);
  buf_putc(out, ' ');
  buf_puts(out, help);
  buf_puts(out, "\n# TYPE ");
  buf_puts(out, name);
  buf_putc(out, ' ');
  buf_puts(out, type);
  buf_putc(out, '\n');
}

/* The label values are constants of ours that need no escaping; label is NULL for none. */
static void put_sample(struct buf *out, const char *name, const char *label, const char *label_value,
                       uint64_t value) {
  buf_puts(out, name);
  if (label != NULL) {
    buf_putc(out, '{');
    buf_puts(out, label);
    buf_puts(out, "=\"");
    buf_puts(out, label_value);
    buf_puts(out, "\"}");
  }
  buf_putc(out, ' ');
  buf_put_u64(out, value);
  buf_putc(out, '\n');
}

static void put_single(struct buf *out, const char *name, const char *type, const char *help,
                       uint64_t value) {
  put_head(out, name, type, help);
  put_sample(out, name, NULL, NULL, value);
}

void mock_metrics_write(struct mock_counts *counts, struct mock_store *store, struct mock_mode *mode,
                        struct buf *out) {
  put_head(out, "slack_mock_messages_total", "counter",
           "Messages posted to the webhook, by what was answered.");
  for (int i = 0; i < MOCK_ANSWER_COUNT; i++) {
    put_sample(out, "slack_mock_messages_total", "result", mock_answer_row(i)->word,
               mock_counts_get(counts, i));
  }
  put_head(out, "slack_mock_refused_total", "counter",
           "Requests that reached no endpoint, by what was answered.");
  for (size_t i = 0; i < MOCK_REFUSED_STATUSES; i++) {
    put_sample(out, "slack_mock_refused_total", "status", refused_statuses[i],
               atomic_load_explicit(&counts->refused[i], memory_order_relaxed));
  }
  struct mock_store_stats stats = mock_store_stats(store);
  put_single(out, "slack_mock_messages_stored", "gauge", "Messages in the channel.", stats.messages);
  put_single(out, "slack_mock_messages_bytes", "gauge", "Bytes of the messages in the channel.", stats.bytes);
  put_single(out, "slack_mock_messages_dropped_total", "counter",
             "Oldest messages that left because the channel was full.", stats.dropped);
  put_single(out, "slack_mock_store_errors_total", "counter",
             "Messages that could not be written to the store's file.", stats.file_errors);
  int delay_s;
  const struct mock_mode_row *now = mock_mode_get(mode, &delay_s), *row;
  put_head(out, "slack_mock_mode", "gauge", "1 for the way the mock behaves at present.");
  for (size_t i = 0; (row = mock_mode_row(i)) != NULL; i++) {
    put_sample(out, "slack_mock_mode", "mode", row->name, row == now);
  }
  put_head(out, "slack_mock_build_info", "gauge", "The version that runs.");
  put_sample(out, "slack_mock_build_info", "version", PACKAGE_VERSION, 1);
}
