/* SPDX-License-Identifier: MIT */
/* The order store: bounded, in memory, sharded by id so that requests rarely compete for a lock. A full store
 * drops the oldest paid order. If there is none, it drops the oldest unpaid order past its time to live.
 * Otherwise it refuses the new order. With several shards, "oldest" applies to one shard. Any thread. */
#ifndef SHOP_ORDERS_H
#define SHOP_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tel/context.h"

struct shop_orders;

struct shop_order {
  uint8_t id[10];
  uint8_t sku; /* index in the catalogue */
  uint8_t quantity;
  struct tel_context span; /* the span that created it */
};

/* NULL when out of memory. */
struct shop_orders *shop_orders_new(size_t capacity, uint64_t unpaid_ttl_ns);
void shop_orders_free(struct shop_orders *orders);
size_t shop_orders_count(const struct shop_orders *orders);
size_t shop_orders_capacity(const struct shop_orders *orders);

/* Reserves room for one order. The caller fills the order and then adds or releases it. NULL: full, or out of
 * memory. */
struct shop_order *shop_orders_reserve(struct shop_orders *orders);
void shop_orders_add(struct shop_orders *orders, struct shop_order *order);
void shop_orders_release(struct shop_orders *orders, struct shop_order *order);

/* Copies an order to *out. Returns false and leaves *out unchanged if the order is unknown. */
bool shop_orders_find(struct shop_orders *orders, const uint8_t id[10], struct shop_order *out, bool *paid);

enum shop_orders_claim { SHOP_ORDERS_CLAIMED, SHOP_ORDERS_UNKNOWN, SHOP_ORDERS_PAID, SHOP_ORDERS_BUSY };
/* Claims an unpaid order for one payment and copies it out. While another payment has claimed it, waits until
 * the deadline (clock_mono_ns()), then returns SHOP_ORDERS_BUSY. Only SHOP_ORDERS_UNKNOWN leaves *out
 * unchanged. */
enum shop_orders_claim shop_orders_claim(struct shop_orders *orders, const uint8_t id[10],
                                         uint64_t deadline_mono_ns, struct shop_order *out);
/* Ends a claim. The order is then paid, or unpaid again. */
void shop_orders_settle(struct shop_orders *orders, const uint8_t id[10], bool paid);

#endif
