/* SPDX-License-Identifier: MIT */
/* The catalogue and its stock. Deducting is lock-free. The first call after the period refills the stock, so
 * no extra thread is needed. Any thread. */
#ifndef SHOP_INVENTORY_H
#define SHOP_INVENTORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHOP_INVENTORY_SKUS = 5 };

struct shop_inventory {
  _Atomic int64_t stock[SHOP_INVENTORY_SKUS];
  _Atomic int64_t full;             /* units after a restock; 0: unlimited */
  _Atomic uint64_t restock_ns;      /* period; 0: never */
  _Atomic uint64_t next_restock_ns; /* monotonic */
};

/* The catalogue's index of a SKU (NULL: the first), or -1. */
int shop_inventory_find(const char *sku);
const char *shop_inventory_sku(int index);
/* The allowed words of grey.sku: 0 is "" (all), then the catalogue. NULL after the last. */
const char *shop_inventory_choice(size_t choice);

/* Sets the stock and the period, and refills if the stock changed. Other threads may deduct meanwhile. */
void shop_inventory_configure(struct shop_inventory *inventory, uint32_t stock, double restock_s);
/* Takes quantity units, all or none. *left is the new stock, or the stock that was too small; -1: unlimited.
 */
bool shop_inventory_deduct(struct shop_inventory *inventory, int sku, unsigned quantity, int64_t *left);
/* Units of a SKU now; -1: unlimited. */
int64_t shop_inventory_left(struct shop_inventory *inventory, int sku);

#endif
