/* SPDX-License-Identifier: MIT */
#include "shop/orders.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/condition.h"

enum { SHARDS_MAX = 16, SHARD_ORDERS_MIN = 1024 }; /* a small store has one shard, so "oldest" is exact */

enum state { UNPAID, CLAIMED, PAID };

struct node {
  struct shop_order order; /* first, because reserve() returns its address */
  enum state state;
  uint64_t since_ns; /* monotonic time when it entered its queue */
  struct node *chain;
  struct node *previous, *next; /* in the shard's queue of its state; a claimed order is in no queue */
};

struct queue {
  struct node *first, *last;
};

struct shard {
  _Alignas(64) pthread_mutex_t lock;
  pthread_cond_t settled;
  struct node **buckets;
  struct queue unpaid, paid;
};

struct shop_orders {
  struct shard shards[SHARDS_MAX];
  size_t shard_count, bucket_mask, capacity;
  uint64_t unpaid_ttl_ns;
  _Alignas(64) _Atomic size_t count; /* stored and reserved */
};

static void queue_append(struct queue *queue, struct node *node) {
  node->previous = queue->last;
  node->next = NULL;
  *(queue->last ? &queue->last->next : &queue->first) = node;
  queue->last = node;
}

static void queue_remove(struct queue *queue, struct node *node) {
  *(node->previous ? &node->previous->next : &queue->first) = node->next;
  *(node->next ? &node->next->previous : &queue->last) = node->previous;
}

struct shop_orders *shop_orders_new(size_t capacity, uint64_t unpaid_ttl_ns) {
  struct shop_orders *orders = aligned_alloc(64, sizeof *orders);
  if (!orders) return NULL;
  memset(orders, 0, sizeof *orders);
  orders->capacity = capacity;
  orders->unpaid_ttl_ns = unpaid_ttl_ns;
  orders->shard_count = capacity / SHARD_ORDERS_MIN < 1            ? 1
                        : capacity / SHARD_ORDERS_MIN < SHARDS_MAX ? capacity / SHARD_ORDERS_MIN
                                                                   : SHARDS_MAX;
  size_t buckets = 1;
  while (buckets < capacity / orders->shard_count) buckets *= 2;
  orders->bucket_mask = buckets - 1;
  bool ok = true;
  for (size_t i = 0; i < orders->shard_count; i++) {
    struct shard *shard = &orders->shards[i];
    pthread_mutex_init(&shard->lock, NULL);
    condition_init(&shard->settled);
    shard->buckets = calloc(buckets, sizeof *shard->buckets); /* pages are touched only when orders arrive */
    ok = ok && shard->buckets;
  }
  if (ok) return orders;
  shop_orders_free(orders);
  return NULL;
}

void shop_orders_free(struct shop_orders *orders) {
  if (!orders) return;
  for (size_t i = 0; i < orders->shard_count; i++) {
    struct shard *shard = &orders->shards[i];
    for (size_t b = 0; shard->buckets && b <= orders->bucket_mask; b++)
      for (struct node *node = shard->buckets[b], *next; node; node = next) {
        next = node->chain;
        free(node);
      }
    free(shard->buckets);
    pthread_mutex_destroy(&shard->lock);
    pthread_cond_destroy(&shard->settled);
  }
  free(orders);
}

size_t shop_orders_count(const struct shop_orders *orders) {
  size_t count = atomic_load_explicit(&orders->count, memory_order_relaxed);
  return count < orders->capacity ? count : orders->capacity; /* briefly above the limit during a refusal */
}

size_t shop_orders_capacity(const struct shop_orders *orders) {
  return orders->capacity;
}

/* Identifiers are random, so any of their bits serve as a hash. */
static struct shard *shard_of(struct shop_orders *orders, const uint8_t id[10]) {
  return &orders->shards[id[0] % orders->shard_count];
}

static struct node **bucket_of(struct shop_orders *orders, struct shard *shard, const uint8_t id[10]) {
  uint64_t hash;
  memcpy(&hash, id + 2, sizeof hash);
  return &shard->buckets[hash & orders->bucket_mask];
}

/* The link that points to the order, or to NULL at the end of its chain. */
static struct node **find(struct shop_orders *orders, struct shard *shard, const uint8_t id[10]) {
  struct node **link = bucket_of(orders, shard, id);
  while (*link && memcmp((*link)->order.id, id, sizeof(*link)->order.id) != 0) link = &(*link)->chain;
  return link;
}

/* Removes one order from the shard and returns it, or NULL if the shard may drop none. */
static struct node *evict(struct shop_orders *orders, struct shard *shard) {
  pthread_mutex_lock(&shard->lock);
  struct node *node = shard->paid.first;
  if (node) {
    queue_remove(&shard->paid, node);
  } else {
    node = shard->unpaid.first;
    if (node && clock_mono_coarse_ns() - node->since_ns < orders->unpaid_ttl_ns) node = NULL;
    if (node) queue_remove(&shard->unpaid, node);
  }
  if (node) *find(orders, shard, node->order.id) = node->chain;
  pthread_mutex_unlock(&shard->lock);
  return node;
}

struct shop_order *shop_orders_reserve(struct shop_orders *orders) {
  if (atomic_fetch_add_explicit(&orders->count, 1, memory_order_relaxed) < orders->capacity) {
    struct node *node = malloc(sizeof *node);
    if (node) return &node->order;
  } else {
    /* The store is full: reuse the place and the memory of a dropped order. */
    static _Thread_local size_t start;
    start++;
    for (size_t i = 0; i < orders->shard_count; i++) {
      struct node *node = evict(orders, &orders->shards[(start + i) % orders->shard_count]);
      if (!node) continue;
      atomic_fetch_sub_explicit(&orders->count, 1, memory_order_relaxed);
      return &node->order;
    }
  }
  atomic_fetch_sub_explicit(&orders->count, 1, memory_order_relaxed);
  return NULL;
}

void shop_orders_add(struct shop_orders *orders, struct shop_order *order) {
  struct node *node = (struct node *)order;
  struct shard *shard = shard_of(orders, order->id);
  struct node **bucket = bucket_of(orders, shard, order->id);
  node->state = UNPAID;
  node->since_ns = clock_mono_coarse_ns();
  pthread_mutex_lock(&shard->lock);
  node->chain = *bucket;
  *bucket = node;
  queue_append(&shard->unpaid, node);
  pthread_mutex_unlock(&shard->lock);
}

void shop_orders_release(struct shop_orders *orders, struct shop_order *order) {
  free((struct node *)order);
  atomic_fetch_sub_explicit(&orders->count, 1, memory_order_relaxed);
}

bool shop_orders_find(struct shop_orders *orders, const uint8_t id[10], struct shop_order *out, bool *paid) {
  struct shard *shard = shard_of(orders, id);
  pthread_mutex_lock(&shard->lock);
  const struct node *node = *find(orders, shard, id);
  if (node) {
    *out = node->order;
    *paid = node->state == PAID;
  }
  pthread_mutex_unlock(&shard->lock);
  return node != NULL;
}

enum shop_orders_claim shop_orders_claim(struct shop_orders *orders, const uint8_t id[10],
                                         uint64_t deadline_mono_ns, struct shop_order *out) {
  struct shard *shard = shard_of(orders, id);
  enum shop_orders_claim result = SHOP_ORDERS_CLAIMED;
  pthread_mutex_lock(&shard->lock);
  struct node *node = *find(orders, shard, id);
  while (node && node->state == CLAIMED && result == SHOP_ORDERS_CLAIMED) {
    if (!condition_wait(&shard->settled, &shard->lock, deadline_mono_ns)) result = SHOP_ORDERS_BUSY;
    node = *find(orders, shard, id); /* the order may have been paid and evicted meanwhile */
  }
  if (!node) {
    result = SHOP_ORDERS_UNKNOWN;
  } else {
    *out = node->order;
    if (node->state == PAID) {
      result = SHOP_ORDERS_PAID;
    } else if (node->state == UNPAID) {
      result = SHOP_ORDERS_CLAIMED;
      queue_remove(&shard->unpaid, node);
      node->state = CLAIMED;
    }
  }
  pthread_mutex_unlock(&shard->lock);
  return result;
}

void shop_orders_settle(struct shop_orders *orders, const uint8_t id[10], bool paid) {
  struct shard *shard = shard_of(orders, id);
  pthread_mutex_lock(&shard->lock);
  struct node *node = *find(orders, shard, id);
  assert(node && node->state == CLAIMED); /* a claimed order is never dropped */
  node->state = paid ? PAID : UNPAID;
  node->since_ns = clock_mono_coarse_ns();
  queue_append(paid ? &shard->paid : &shard->unpaid, node);
  pthread_cond_broadcast(&shard->settled);
  pthread_mutex_unlock(&shard->lock);
}
