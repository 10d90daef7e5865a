/* SPDX-License-Identifier: MIT */
/* The simulated shop: orders, stock, and a payment provider that fails on purpose. Its telemetry is real:
 * placing and paying an order each have an inner step with its own span. Any thread, except new and free.
 * Placing and paying may sleep as long as the configured latency. */
#ifndef SHOP_SHOP_H
#define SHOP_SHOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shop/grey.h"
#include "shop/reason.h"
#include "tel/metrics.h"
#include "tel/trace.h"

enum { SHOP_ID_SIZE = 25 };       /* "ord_" or "pay_", 20 hexadecimal digits, NUL */
enum { SHOP_QUANTITY_MAX = 100 }; /* units in one order, at least 1 */

struct shop_settings {
  double payment_failure_rate;          /* 0 to 1 */
  double payment_latency_ms;            /* median; 0: does not sleep */
  struct shop_faults_part payment_part; /* the reasons of failed payments */
  uint32_t payment_connections;         /* concurrent calls to the provider; 0: no limit */
  double inventory_latency_ms;          /* median; 0: does not sleep */
  uint32_t inventory_stock;             /* units of each SKU; 0: unlimited */
  double inventory_restock_s;           /* seconds between two refills of the stock; 0: never */
  struct shop_grey_settings grey;       /* its caller is borrowed for the call */
  uint64_t seed;                        /* the same seed repeats a run; 0: random. At start only */
  size_t orders_capacity;               /* at least 1. At start only */
  uint32_t orders_unpaid_ttl_s; /* age at which a full store may drop an unpaid order. At start only */
};

struct shop;

/* Registers minishop_orders_stored, minishop_orders_capacity, minishop_inventory_stock{sku},
 * minishop_ordered_units_total{sku} and the gauges of the connections to the provider (registry may be NULL).
 * NULL when out of memory. */
struct shop *shop_new(const struct shop_settings *settings, struct tel_registry *registry);
void shop_free(struct shop *shop);
/* Applies faults, latencies and stock while requests run. A changed stock is refilled at once. */
void shop_reconfigure(struct shop *shop, const struct shop_settings *settings);

struct shop_order_result {
  char order_id[SHOP_ID_SIZE]; /* "" unless it was stored */
  const char *sku;             /* from the catalogue; NULL if unknown */
  unsigned quantity;
  int64_t stock_left; /* the new stock, or the one that was too small; -1: unlimited */
  uint64_t inner_ns;  /* how long DeductInventory took; 0: it did not run */
};

/* Places an order. sku NULL: the catalogue's first. quantity: 1 to SHOP_QUANTITY_MAX. parent: the request's
 * span, which becomes the parent of DeductInventory; the stored order keeps its context. caller: the
 * User-Agent, or NULL. Returns SHOP_DONE, SHOP_UNKNOWN_SKU, SHOP_UNAVAILABLE (store full, out of memory) or
 * SHOP_OUT_OF_STOCK. */
enum shop_reason shop_order_place(struct shop *shop, struct tel_tracer *tracer, struct tel_span *parent,
                                  const char *sku, unsigned quantity, const char *caller,
                                  struct shop_order_result *out);

struct shop_order_found {
  const char *sku; /* from the catalogue */
  unsigned quantity;
  bool paid; /* false also while a payment runs */
};

/* Looks up an order and describes it in span. Does not wait for a running payment. Returns SHOP_DONE, or
 * SHOP_UNKNOWN_ORDER with out untouched. */
enum shop_reason shop_order_find(struct shop *shop, struct tel_span *span, const char *order_id,
                                 struct shop_order_found *out);

struct shop_payment_result {
  char order_id[SHOP_ID_SIZE];   /* "" if the order is unknown */
  char payment_id[SHOP_ID_SIZE]; /* of this attempt, failed or not; "" if no attempt was made */
  const char *sku;               /* the order's; NULL if the order is unknown */
  unsigned quantity;
  uint64_t inner_ns; /* how long ChargeCard took; 0: it did not run */
};

/* Pays an order, at most once. Payments of the same order wait for each other. After one succeeds, the others
 * get SHOP_ALREADY_PAID. After a failure the order can be paid again. Links parent to the span of the order.
 * caller: the User-Agent, or NULL. Returns SHOP_DONE, SHOP_UNKNOWN_ORDER, SHOP_ALREADY_PAID, a payment
 * failure, SHOP_UNAVAILABLE (waited too long for another payment) or SHOP_NO_CONNECTION (waited too long for
 * a connection). */
enum shop_reason shop_order_pay(struct shop *shop, struct tel_tracer *tracer, struct tel_span *parent,
                                const char *order_id, const char *caller, struct shop_payment_result *out);

#endif
