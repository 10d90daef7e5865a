/* SPDX-License-Identifier: MIT */
#include "shop/inventory.h"

#include <string.h>

#include "base/clock.h"

static const char *const catalogue[SHOP_INVENTORY_SKUS] = {"mug", "tshirt", "sticker", "poster", "socks"};

int shop_inventory_find(const char *sku) {
  if (!sku) return 0;
  for (int i = 0; i < SHOP_INVENTORY_SKUS; i++)
    if (strcmp(sku, catalogue[i]) == 0) return i;
  return -1;
}

const char *shop_inventory_sku(int index) {
  return catalogue[index];
}

const char *shop_inventory_choice(size_t choice) {
  if (choice == 0) return "";
  return choice <= SHOP_INVENTORY_SKUS ? catalogue[choice - 1] : NULL;
}

static void fill_up(struct shop_inventory *inventory) {
  int64_t full = atomic_load(&inventory->full);
  for (int i = 0; i < SHOP_INVENTORY_SKUS; i++) atomic_store(&inventory->stock[i], full);
}

void shop_inventory_configure(struct shop_inventory *inventory, uint32_t stock, double restock_s) {
  uint64_t period = (uint64_t)(restock_s * 1e9);
  bool same = atomic_exchange(&inventory->full, stock) == (int64_t)stock;
  atomic_store(&inventory->restock_ns, period);
  atomic_store(&inventory->next_restock_ns, clock_mono_ns() + period);
  if (!same) fill_up(inventory);
}

static void restock_if_due(struct shop_inventory *inventory) {
  uint64_t period = atomic_load_explicit(&inventory->restock_ns, memory_order_relaxed);
  if (period == 0) return;
  uint64_t due = atomic_load_explicit(&inventory->next_restock_ns, memory_order_relaxed);
  uint64_t now = clock_mono_ns();
  if (now >= due && atomic_compare_exchange_strong(&inventory->next_restock_ns, &due, now + period))
    fill_up(inventory);
}

bool shop_inventory_deduct(struct shop_inventory *inventory, int sku, unsigned quantity, int64_t *left) {
  if (atomic_load_explicit(&inventory->full, memory_order_relaxed) == 0) {
    *left = -1;
    return true;
  }
  restock_if_due(inventory);
  int64_t stock = atomic_load_explicit(&inventory->stock[sku], memory_order_relaxed);
  while (stock >= (int64_t)quantity) {
    if (atomic_compare_exchange_weak(&inventory->stock[sku], &stock, stock - quantity)) {
      *left = stock - quantity;
      return true;
    }
  }
  *left = stock;
  return false;
}

int64_t shop_inventory_left(struct shop_inventory *inventory, int sku) {
  if (atomic_load(&inventory->full) == 0) return -1;
  restock_if_due(inventory);
  return atomic_load(&inventory->stock[sku]);
}
