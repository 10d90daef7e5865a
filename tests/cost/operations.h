/* SPDX-License-Identifier: MIT */
/* A counter, a histogram, a span and a log line as a request uses them, through the public headers only. The
 * cost test counts these operations, and the benchmark times them. */
#ifndef TESTS_COST_OPERATIONS_H
#define TESTS_COST_OPERATIONS_H

#include <tel/telemetry.h>

static const struct tel_context operation_context = {{1, 2, 3}, {4, 5}, TEL_FLAG_SAMPLED, false};

static struct tel_counter *operation_counter;
static struct tel_histogram *operation_histogram;

/* Makes both instruments. Returns what tel_register() returns. */
static inline int operation_register(struct tel *tel) {
  static const double buckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1,
                                   0.25,  0.5,    0.75,  1,    2.5,   5,    7.5,   10};
  static const struct tel_metric table[] = {
      {.type = TEL_METRIC_COUNTER, .name = "c_total", .counter = &operation_counter},
      {.type = TEL_METRIC_HISTOGRAM,
       .name = "h",
       .buckets = buckets,
       .bucket_count = sizeof buckets / sizeof *buckets,
       .histogram = &operation_histogram},
  };
  return tel_register(tel, table, sizeof table / sizeof *table);
}

/* The SERVER span of an order, from start to end: 14 attributes. */
static inline void operation_span(struct tel *tel) {
  struct tel_span *span = tel_span_start(tel_tracer(tel), "CreateOrder", TEL_SPAN_SERVER, NULL, NULL, 0);
  struct tel_attributes *attributes = tel_span_attributes(span);
  tel_attributes_set_static(attributes, "http.request.method", "POST");
  tel_attributes_set_string(attributes, "url.path", "/order");
  tel_attributes_set_static(attributes, "url.scheme", "http");
  tel_attributes_set_static(attributes, "http.route", "/order");
  tel_attributes_set_int(attributes, "http.response.status_code", 201);
  tel_attributes_set_string(attributes, "server.address", "127.0.0.1");
  tel_attributes_set_int(attributes, "server.port", 8080);
  tel_attributes_set_string(attributes, "client.address", "127.0.0.1");
  tel_attributes_set_int(attributes, "network.peer.port", 51234);
  tel_attributes_set_static(attributes, "network.protocol.version", "1.1");
  tel_attributes_set_string(attributes, "user_agent.original", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)");
  tel_attributes_set_string(attributes, "shop.order.id", "ord_01hzy3v7k2m4n6p8q0rs");
  tel_attributes_set_string(attributes, "shop.sku", "mug");
  tel_attributes_set_int(attributes, "shop.quantity", 2);
  tel_span_end(span, 0);
}

/* A wide event as a request writes it: 16 fields. */
static inline void operation_line(struct tel *tel) {
  struct tel_log_record *record = tel_log_begin(tel_logger(tel), TEL_INFO);
  struct tel_attributes *fields = tel_log_fields(record);
  tel_log_context(record, &operation_context);
  tel_attributes_set_string(fields, "request_id", "0f3c1a9e5b7d4826");
  tel_attributes_set_static(fields, "method", "POST");
  tel_attributes_set_static(fields, "route", "/payment/pay");
  tel_attributes_set_string(fields, "path", "/payment/pay");
  tel_attributes_set_int(fields, "status", 402);
  tel_attributes_set_double(fields, "duration_ms", 25.731204);
  tel_attributes_set_int(fields, "request_bytes", 51);
  tel_attributes_set_int(fields, "response_bytes", 318);
  tel_attributes_set_string(fields, "client", "127.0.0.1");
  tel_attributes_set_string(fields, "user_agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)");
  tel_attributes_set_string(fields, "order_id", "01936a3c-8f7e-7c11-9b53-1f2e3d4c5b6a");
  tel_attributes_set_string(fields, "sku", "mug");
  tel_attributes_set_int(fields, "quantity", 2);
  tel_attributes_set_static(fields, "reason", "card_declined");
  tel_attributes_set_string(fields, "detail", "the provider said: \"declined\"");
  tel_attributes_set_double(fields, "charge_ms", 25.118733);
  tel_log_message(record, "payment failed");
}

#endif
