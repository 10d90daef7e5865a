/* The order store: bounded, in memory, sharded by id so that requests rarely meet on a lock.
 * When it is full, the oldest paid order leaves, then the oldest unpaid one past its time to live; else it
 * refuses. With more than one shard "oldest" is the oldest of a shard. Any thread. */
#ifndef SHOP_ORDERS_H
#define SHOP_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "telemetry/context.h"

struct orders;

/* What is known of an order. */
struct order {
  uint8_t id[10];
  uint8_t sku; /* index in the catalogue */
  uint8_t quantity;
  struct tel_context span; /* that created it */
};

/* NULL when out of memory. */
struct orders *orders_new(size_t capacity, uint64_t unpaid_ttl_ns);
void orders_free(struct orders *orders);
size_t orders_count(const struct orders *orders);
size_t orders_capacity(const struct orders *orders);

/* Makes room for one order and keeps it for the caller, who fills it and then adds or releases it.
 * NULL: full, or out of memory. */
struct order *orders_reserve(struct orders *orders);
void orders_add(struct orders *orders, struct order *order);
void orders_release(struct orders *orders, struct order *order);

enum orders_claim { ORDERS_CLAIMED, ORDERS_UNKNOWN, ORDERS_PAID, ORDERS_BUSY };
/* Claims an unpaid order for one payment and copies it out. Waits, until the deadline (clock_mono_ns()),
 * while another payment has it; ORDERS_BUSY is that deadline. ORDERS_PAID copies it out too. */
enum orders_claim orders_claim(struct orders *orders, const uint8_t id[10], uint64_t deadline_mono_ns,
                               struct order *out);
/* Ends a claim: paid for good, or unpaid again. */
void orders_settle(struct orders *orders, const uint8_t id[10], bool paid);

#endif
