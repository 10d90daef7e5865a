/* SPDX-License-Identifier: MIT */
#include "shop/grey.h"

#include <string.h>

#include "base/random.h"
#include "base/text.h"

void shop_grey_init(struct shop_grey *grey) {
  *grey = (struct shop_grey){.sku = -1};
  pthread_mutex_init(&grey->lock, NULL);
}

void shop_grey_free(struct shop_grey *grey) {
  pthread_mutex_destroy(&grey->lock);
}

void shop_grey_configure(struct shop_grey *grey, const struct shop_grey_settings *settings) {
  pthread_mutex_lock(&grey->lock);
  grey->sku = settings->sku;
  text_copy(grey->caller, sizeof grey->caller, settings->caller);
  grey->effect = settings->effect;
  pthread_mutex_unlock(&grey->lock);
  atomic_store(&grey->share, settings->share);
}

bool shop_grey_hits(struct shop_grey *grey, int sku, const char *caller, struct shop_grey_effect *out) {
  double share = atomic_load_explicit(&grey->share, memory_order_relaxed);
  if (share <= 0 || (share < 1 && random_unit() >= share)) return false;
  pthread_mutex_lock(&grey->lock);
  bool hit = (grey->sku < 0 || grey->sku == sku) &&
             (!*grey->caller || (caller && strncmp(caller, grey->caller, strlen(grey->caller)) == 0));
  if (hit) *out = grey->effect;
  pthread_mutex_unlock(&grey->lock);
  return hit;
}
