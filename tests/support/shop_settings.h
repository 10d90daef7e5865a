/* SPDX-License-Identifier: MIT */
/* Settings of a shop, for tests. */
#ifndef SUPPORT_SHOP_SETTINGS_H
#define SUPPORT_SHOP_SETTINGS_H

#include <string.h>

#include "shop/shop.h"

/* The rows that payment.reason selects with this word. */
static inline struct shop_faults_part part_of(const char *word) {
  size_t choice = 0;
  while (strcmp(shop_faults_choice(choice), word) != 0) choice++;
  return shop_faults_part_of(choice);
}

/* The documented defaults. */
static inline struct shop_settings shop_defaults(void) {
  return (struct shop_settings){.payment_failure_rate = 0.05,
                                .payment_latency_ms = 25,
                                .payment_part = shop_faults_part_of(0),
                                .inventory_latency_ms = 8,
                                .inventory_stock = 100000,
                                .inventory_restock_s = 1,
                                .grey = {.sku = -1,
                                         .caller = "",
                                         .effect = {.payment_failure_rate = 0.05,
                                                    .payment_latency_ms = 25,
                                                    .inventory_latency_ms = 8,
                                                    .payment_part = shop_faults_part_of(0),
                                                    .deducted = 1}},
                                .orders_capacity = 1000000,
                                .orders_unpaid_ttl_s = 3600};
}

#endif
