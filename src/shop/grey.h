/* SPDX-License-Identifier: MIT */
/* A grey failure hits only some requests, selected by SKU, caller and share. Any thread. While the share is
 * 0, it costs a request one atomic read. */
#ifndef SHOP_GREY_H
#define SHOP_GREY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shop/faults.h"

enum { SHOP_CALLER_SIZE = 64 };

/* The settings for a request that the failure hits. */
struct shop_grey_effect {
  double payment_failure_rate, payment_latency_ms, inventory_latency_ms;
  struct shop_faults_part payment_part; /* the reasons of failed payments */
  uint32_t deducted;                    /* units taken from the stock for each ordered unit */
};

struct shop_grey_settings {
  double share;       /* share of the requests selected by sku and caller, 0 to 1; 0: off */
  int sku;            /* index in the catalogue; -1: all */
  const char *caller; /* the start of the User-Agent, cut at SHOP_CALLER_SIZE - 1 bytes; "": all */
  struct shop_grey_effect effect;
};

struct shop_grey {
  _Atomic double share;
  pthread_mutex_t lock; /* for the rest */
  int sku;              /* -1: all */
  char caller[SHOP_CALLER_SIZE];
  struct shop_grey_effect effect;
};

void shop_grey_init(struct shop_grey *grey);
void shop_grey_free(struct shop_grey *grey);
void shop_grey_configure(struct shop_grey *grey, const struct shop_grey_settings *settings);
/* Returns whether this request is hit; if so, fills *out. caller: NULL if unknown. */
bool shop_grey_hits(struct shop_grey *grey, int sku, const char *caller, struct shop_grey_effect *out);

#endif
