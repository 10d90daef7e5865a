/* SPDX-License-Identifier: MIT */
#include "shop/shop.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/random.h"
#include "shop/connections.h"
#include "shop/faults.h"
#include "shop/inventory.h"
#include "shop/orders.h"
#include "telemetry/traces/span_clock.h"

enum {
  PAYMENT_WAIT_S = 5,    /* wait for a running payment of the same order */
  CONNECTION_WAIT_S = 2, /* wait for a connection to the provider */
};

enum sku_counter { ORDERED_UNITS, SKU_COUNTERS };

struct shop {
  struct shop_faults faults;
  struct shop_inventory inventory;
  struct shop_orders *orders;
  struct tel_counter *counters[SKU_COUNTERS][SHOP_INVENTORY_SKUS];
  struct shop_grey grey;
  struct shop_connections connections;
  _Atomic double payment_latency_ms, inventory_latency_ms;
};

static void read_stored(void *cls, struct tel_emit *emit) {
  tel_emit_value(emit, NULL, (double)shop_orders_count(((struct shop *)cls)->orders));
}

static void read_capacity(void *cls, struct tel_emit *emit) {
  tel_emit_value(emit, NULL, (double)shop_orders_capacity(((struct shop *)cls)->orders));
}

static void read_stock(void *cls, struct tel_emit *emit) {
  struct shop *shop = cls;
  for (int i = 0; i < SHOP_INVENTORY_SKUS; i++) {
    const char *sku = shop_inventory_sku(i);
    int64_t left = shop_inventory_left(&shop->inventory, i);
    tel_emit_value(emit, &sku, left < 0 ? INFINITY : (double)left);
  }
}

static void read_connections_used(void *cls, struct tel_emit *emit) {
  tel_emit_value(emit, NULL, atomic_load(&((struct shop *)cls)->connections.used));
}

static void read_connections_limit(void *cls, struct tel_emit *emit) {
  uint32_t limit = atomic_load(&((struct shop *)cls)->connections.limit);
  tel_emit_value(emit, NULL, limit == 0 ? INFINITY : (double)limit);
}

static const char *const sku_label[] = {"sku"};

/* Metrics that a scrape reads. */
static const struct {
  struct tel_family_spec spec;
  void (*read)(void *shop, struct tel_emit *emit);
} gauges[] = {
    {{.name = "minishop_orders_stored", .help = "Orders in the store."}, read_stored},
    {{.name = "minishop_orders_capacity", .help = "Orders that the store can hold."}, read_capacity},
    {{.name = "minishop_inventory_stock",
      .help = "Units in stock; +Inf: unlimited.",
      .labels = sku_label,
      .label_count = 1},
     read_stock},
    {{.name = "minishop_payment_connections_used",
      .help = "Connections to the payment provider in use; 0 without a limit."},
     read_connections_used},
    {{.name = "minishop_payment_connections_limit",
      .help = "Maximum number of connections to the payment provider; +Inf: no limit."},
     read_connections_limit},
};

/* Counters of each SKU. All series exist at 0 from the start. */
static const struct tel_family_spec sku_counters[SKU_COUNTERS] = {
    [ORDERED_UNITS] = {.name = "minishop_ordered_units_total",
                       .help = "Units of the orders that were created.",
                       .labels = sku_label,
                       .label_count = 1},
};

static int register_metrics(struct shop *shop, struct tel_registry *registry) {
  int error = 0;
  for (size_t i = 0; !error && i < sizeof gauges / sizeof *gauges; i++)
    error = tel_read_family(registry, &gauges[i].spec, TEL_METRIC_GAUGE, gauges[i].read, shop);
  for (int i = 0; !error && i < SKU_COUNTERS; i++) {
    struct tel_family *family;
    error = tel_counter_family(registry, &sku_counters[i], &family);
    for (int index = 0; !error && index < SHOP_INVENTORY_SKUS; index++) {
      const char *sku = shop_inventory_sku(index);
      error = tel_counter_series(family, &sku, &shop->counters[i][index]);
    }
  }
  return error;
}

struct shop *shop_new(const struct shop_settings *settings, struct tel_registry *registry) {
  struct shop *shop = calloc(1, sizeof *shop);
  if (!shop) return NULL;
  shop_faults_init(&shop->faults, settings->seed);
  shop_grey_init(&shop->grey);
  shop_connections_init(&shop->connections);
  shop->orders = shop_orders_new(settings->orders_capacity, settings->orders_unpaid_ttl_s * CLOCK_NS_PER_S);
  if (shop->orders) {
    shop_reconfigure(shop, settings);
    if (!registry || register_metrics(shop, registry) == 0) return shop;
  }
  shop_free(shop);
  return NULL;
}

void shop_free(struct shop *shop) {
  if (!shop) return;
  shop_orders_free(shop->orders);
  shop_grey_free(&shop->grey);
  shop_connections_free(&shop->connections);
  free(shop);
}

void shop_reconfigure(struct shop *shop, const struct shop_settings *settings) {
  shop_faults_configure(&shop->faults, settings->payment_failure_rate, settings->payment_part);
  shop_grey_configure(&shop->grey, &settings->grey);
  shop_connections_limit(&shop->connections, settings->payment_connections);
  shop_inventory_configure(&shop->inventory, settings->inventory_stock, settings->inventory_restock_s);
  atomic_store(&shop->payment_latency_ms, settings->payment_latency_ms);
  atomic_store(&shop->inventory_latency_ms, settings->inventory_latency_ms);
}

/* Writes a prefix of four characters and the id in hexadecimal. */
static void format_id(const char *prefix, const uint8_t id[10], char out[SHOP_ID_SIZE]) {
  memcpy(out, prefix, 4);
  *hex_write(out + 4, id, 10) = '\0';
}

static bool parse_order_id(const char *text, uint8_t id[10]) {
  return strlen(text) == SHOP_ID_SIZE - 1 && memcmp(text, "ord_", 4) == 0 && hex_read(text + 4, id, 10);
}

static void describe_order(struct tel_span *span, const char *order_id, const char *sku, unsigned quantity) {
  struct tel_attributes *attributes = tel_span_attributes(span);
  tel_attributes_set_string(attributes, "shop.order.id", order_id);
  tel_attributes_set_static(attributes, "shop.sku", sku);
  tel_attributes_set_int(attributes, "shop.quantity", quantity);
}

/* Marks the inner step as failed: status, error.type, and an event with the reason. Returns the event's
 * attributes. */
static struct tel_attributes *fail_span(struct tel_span *span, const char *event, enum shop_reason reason) {
  tel_span_set_status(span, TEL_STATUS_ERROR, shop_reason_text(reason));
  tel_attributes_set_static(tel_span_attributes(span), "error.type", shop_reason_word(reason));
  struct tel_attributes *attributes = tel_span_add_event(span, event);
  tel_attributes_set_static(attributes, "reason", shop_reason_word(reason));
  tel_attributes_set_static(attributes, "detail", shop_reason_text(reason));
  return attributes;
}

/* The step DeductInventory with its span. */
static enum shop_reason deduct(struct shop *shop, struct tel_tracer *tracer, const struct tel_span *parent,
                               int sku, const char *caller, struct shop_order_result *out) {
  struct shop_grey_effect grey;
  bool hit = shop_grey_hits(&shop->grey, sku, caller, &grey);
  double median_ms = hit ? grey.inventory_latency_ms : atomic_load(&shop->inventory_latency_ms);
  unsigned units = hit ? out->quantity * grey.deducted : out->quantity;
  uint64_t start = clock_mono_ns();
  struct tel_span *span =
      tel_span_start_child_at(tracer, "DeductInventory", TEL_SPAN_INTERNAL, parent, start);
  describe_order(span, NULL, out->sku, out->quantity);
  uint64_t latency = shop_faults_latency_ns(&shop->faults, median_ms);
  if (latency) clock_sleep_ns(latency);
  enum shop_reason reason = SHOP_DONE;
  if (!shop_inventory_deduct(&shop->inventory, sku, units, &out->stock_left)) {
    reason = SHOP_OUT_OF_STOCK;
    tel_attributes_set_int(fail_span(span, "inventory short", reason), "shop.stock.left", out->stock_left);
  } else {
    tel_attributes_set_string(tel_span_attributes(span), "shop.order.id", out->order_id);
  }
  uint64_t end = clock_mono_ns();
  tel_span_end_at(span, end);
  out->inner_ns = end - start;
  return reason;
}

enum shop_reason shop_order_place(struct shop *shop, struct tel_tracer *tracer, struct tel_span *parent,
                                  const char *sku, unsigned quantity, const char *caller,
                                  struct shop_order_result *out) {
  assert(quantity >= 1 && quantity <= SHOP_QUANTITY_MAX); /* struct shop_order has a byte for it */
  memset(out, 0, sizeof *out);
  int index = shop_inventory_find(sku);
  if (index < 0) return SHOP_UNKNOWN_SKU;
  out->sku = shop_inventory_sku(index);
  out->quantity = quantity;
  /* Reserve room first: stock deducted for an order that cannot be stored would be lost. */
  struct shop_order *order = shop_orders_reserve(shop->orders);
  describe_order(parent, NULL, out->sku, quantity);
  if (!order) return SHOP_UNAVAILABLE;
  /* Not from the seed, or ids of an earlier run would be valid again. */
  random_bytes(order->id, sizeof order->id);
  order->sku = (uint8_t)index;
  order->quantity = (uint8_t)quantity;
  order->span = *tel_span_context(parent);
  format_id("ord_", order->id, out->order_id);
  enum shop_reason reason = deduct(shop, tracer, parent, index, caller, out);
  if (reason == SHOP_DONE) {
    shop_orders_add(shop->orders, order);
    tel_counter_add(shop->counters[ORDERED_UNITS][index], quantity);
    tel_attributes_set_string(tel_span_attributes(parent), "shop.order.id", out->order_id);
  } else {
    shop_orders_release(shop->orders, order);
    out->order_id[0] = '\0';
  }
  return reason;
}

enum shop_reason shop_order_find(struct shop *shop, struct tel_span *span, const char *order_id,
                                 struct shop_order_found *out) {
  uint8_t id[10];
  struct shop_order order;
  bool paid;
  if (!parse_order_id(order_id, id) || !shop_orders_find(shop->orders, id, &order, &paid))
    return SHOP_UNKNOWN_ORDER;
  *out = (struct shop_order_found){shop_inventory_sku(order.sku), order.quantity, paid};
  describe_order(span, order_id, out->sku, out->quantity);
  return SHOP_DONE;
}

/* The provider's part of ChargeCard. First waits for a connection. */
static enum shop_reason call_provider(struct shop *shop, struct tel_span *span,
                                      const struct shop_grey_effect *grey) {
  uint64_t start = clock_mono_ns();
  enum shop_connection connection =
      shop_connections_take(&shop->connections, start + CONNECTION_WAIT_S * CLOCK_NS_PER_S);
  uint64_t waited_ms = (clock_mono_ns() - start) / CLOCK_NS_PER_MS;
  if (waited_ms > 0)
    tel_attributes_set_int(tel_span_add_event(span, "waited for a connection"), "shop.wait_ms",
                           (int64_t)waited_ms);
  if (connection == SHOP_CONNECTION_NONE) return SHOP_NO_CONNECTION;
  double median_ms = grey ? grey->payment_latency_ms : atomic_load(&shop->payment_latency_ms);
  enum shop_reason reason =
      grey ? shop_faults_payment_of(&shop->faults, grey->payment_failure_rate, grey->payment_part)
           : shop_faults_payment(&shop->faults);
  uint64_t latency = shop_faults_is_late(reason) ? shop_faults_timeout_ns(median_ms)
                                                 : shop_faults_latency_ns(&shop->faults, median_ms);
  if (latency) clock_sleep_ns(latency);
  if (connection == SHOP_CONNECTION_TAKEN) shop_connections_give(&shop->connections);
  return reason;
}

/* The step ChargeCard with its span. */
static enum shop_reason charge(struct shop *shop, struct tel_tracer *tracer, const struct tel_span *parent,
                               int sku, const char *caller, struct shop_payment_result *out) {
  uint64_t start = clock_mono_ns();
  uint8_t id[10];
  random_bytes(id, sizeof id);
  format_id("pay_", id, out->payment_id);
  struct tel_span *span = tel_span_start_child_at(tracer, "ChargeCard", TEL_SPAN_INTERNAL, parent, start);
  describe_order(span, out->order_id, out->sku, out->quantity);
  tel_attributes_set_string(tel_span_attributes(span), "shop.payment.id", out->payment_id);
  struct shop_grey_effect grey;
  bool hit = shop_grey_hits(&shop->grey, sku, caller, &grey);
  enum shop_reason reason = call_provider(shop, span, hit ? &grey : NULL);
  if (reason != SHOP_DONE) fail_span(span, "charge failed", reason);
  uint64_t end = clock_mono_ns();
  tel_span_end_at(span, end);
  out->inner_ns = end - start;
  return reason;
}

enum shop_reason shop_order_pay(struct shop *shop, struct tel_tracer *tracer, struct tel_span *parent,
                                const char *order_id, const char *caller, struct shop_payment_result *out) {
  memset(out, 0, sizeof *out);
  uint8_t id[10];
  struct shop_order order;
  if (!parse_order_id(order_id, id)) return SHOP_UNKNOWN_ORDER;
  enum shop_orders_claim claim =
      shop_orders_claim(shop->orders, id, clock_mono_ns() + PAYMENT_WAIT_S * CLOCK_NS_PER_S, &order);
  if (claim == SHOP_ORDERS_UNKNOWN) return SHOP_UNKNOWN_ORDER;
  format_id("ord_", id, out->order_id);
  out->sku = shop_inventory_sku(order.sku);
  out->quantity = order.quantity;
  describe_order(parent, out->order_id, out->sku, out->quantity);
  tel_span_add_link(parent, &order.span);
  if (claim == SHOP_ORDERS_PAID) return SHOP_ALREADY_PAID;
  if (claim == SHOP_ORDERS_BUSY) return SHOP_UNAVAILABLE;
  enum shop_reason reason = charge(shop, tracer, parent, order.sku, caller, out);
  shop_orders_settle(shop->orders, id, reason == SHOP_DONE);
  tel_attributes_set_string(tel_span_attributes(parent), "shop.payment.id", out->payment_id);
  return reason;
}
