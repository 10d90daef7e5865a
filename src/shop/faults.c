#include "shop/faults.h"

#include <math.h>

#include "base/clock.h"
#include "base/random.h"

/* Of a hundred failed payments, about as providers see them: most are the card's, some the provider's own. */
static const struct {
  enum shop_reason reason;
  double up_to;
} mixture[] = {{SHOP_CARD_DECLINED, 0.50},
               {SHOP_INSUFFICIENT_FUNDS, 0.75},
               {SHOP_FRAUD_SUSPECTED, 0.80},
               {SHOP_GATEWAY_ERROR, 0.92},
               {SHOP_GATEWAY_TIMEOUT, 1.00}};

static const double LATENCY_SIGMA = 0.3; /* of the logarithm: the 95th percentile is 1.6 times the median */
static const double LATENCY_CAP = 10;    /* times the median */

void shop_faults_init(struct shop_faults *faults, uint64_t seed) {
  faults->seed = seed ? seed : random_u64();
  atomic_init(&faults->payments, 0);
  atomic_init(&faults->latencies, 0);
  atomic_init(&faults->failure_rate, 0);
  atomic_init(&faults->forced_reason, SHOP_DONE);
}

void shop_faults_configure(struct shop_faults *faults, double failure_rate, enum shop_reason forced_reason) {
  atomic_store(&faults->failure_rate, failure_rate);
  atomic_store(&faults->forced_reason, (int)forced_reason);
}

enum shop_reason shop_faults_payment(struct shop_faults *faults) {
  uint64_t n = atomic_fetch_add_explicit(&faults->payments, 1, memory_order_relaxed);
  double rate = atomic_load_explicit(&faults->failure_rate, memory_order_relaxed);
  if (random_to_unit(random_at(faults->seed, 2 * n)) >= rate) return SHOP_DONE;
  int forced = atomic_load_explicit(&faults->forced_reason, memory_order_relaxed);
  if (forced != SHOP_DONE) return (enum shop_reason)forced;
  double which = random_to_unit(random_at(faults->seed, 2 * n + 1));
  for (size_t i = 0; i < sizeof mixture / sizeof *mixture - 1; i++)
    if (which < mixture[i].up_to) return mixture[i].reason;
  return mixture[sizeof mixture / sizeof *mixture - 1].reason;
}

uint64_t shop_faults_latency_ns(struct shop_faults *faults, double median_ms) {
  if (median_ms <= 0) return 0;
  uint64_t n = atomic_fetch_add_explicit(&faults->latencies, 1, memory_order_relaxed);
  /* A sequence of its own, so that latencies do not change which payments fail. Box and Muller's normal
   * deviate. */
  double u = 1 - random_to_unit(random_at(~faults->seed, 2 * n));
  double v = random_to_unit(random_at(~faults->seed, 2 * n + 1));
  double normal = sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
  return (uint64_t)(median_ms * fmin(exp(LATENCY_SIGMA * normal), LATENCY_CAP) * (double)CLOCK_NS_PER_MS);
}
