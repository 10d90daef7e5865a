#include "shop/faults.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"

/* The mixture of failures, roughly as payment providers report it. The rows of a group are adjacent. */
static const struct {
  enum shop_reason reason;
  const char *group;
  double up_to;
} mixture[] = {{SHOP_CARD_DECLINED, "card", 0.50},
               {SHOP_INSUFFICIENT_FUNDS, "card", 0.75},
               {SHOP_FRAUD_SUSPECTED, "card", 0.80},
               {SHOP_GATEWAY_ERROR, "provider", 0.92},
               {SHOP_GATEWAY_TIMEOUT, "provider", 1.00},
               {SHOP_CREDENTIALS_REFUSED, "credentials", 1.00}}; /* only where it is asked for */
enum { MIXTURE_ROWS = sizeof mixture / sizeof *mixture, CREDENTIALS_ROW = MIXTURE_ROWS - 1 };

static const double LATENCY_SIGMA = 0.3; /* of the logarithm: the 95th percentile is 1.6 times the median */
static const double LATENCY_CAP = 10;    /* times the median */
static const double TIMEOUT_LATENCIES = 16; /* above the cap: a call that is answered is never this slow */
static const double TIMEOUT_CAP_MS = 4000;  /* below the time that a second payment of the order waits */

void shop_faults_init(struct shop_faults *faults, uint64_t seed) {
  faults->seed = seed ? seed : random_u64();
  atomic_init(&faults->payments, 0);
  atomic_init(&faults->latencies, 0);
  atomic_init(&faults->failure_rate, 0);
  atomic_init(&faults->part, shop_faults_part_of(""));
}

static bool selects(const char *word, int row) {
  if (row == CREDENTIALS_ROW) return strcmp(word, mixture[row].group) == 0;
  return !*word || strcmp(word, mixture[row].group) == 0 ||
         strcmp(word, shop_reason_word(mixture[row].reason)) == 0;
}

struct shop_faults_part shop_faults_part_of(const char *word) {
  struct shop_faults_part part = {MIXTURE_ROWS, 0};
  for (int i = 0; i < MIXTURE_ROWS; i++) {
    if (!selects(word, i)) continue;
    if (part.first == MIXTURE_ROWS) part.first = i;
    part.last = i;
  }
  return part.first < MIXTURE_ROWS ? part : shop_faults_part_of("");
}

void shop_faults_configure(struct shop_faults *faults, double failure_rate, const char *reason) {
  atomic_store(&faults->failure_rate, failure_rate);
  atomic_store(&faults->part, shop_faults_part_of(reason));
}

enum shop_reason shop_faults_payment(struct shop_faults *faults) {
  return shop_faults_payment_of(faults, atomic_load_explicit(&faults->failure_rate, memory_order_relaxed),
                                atomic_load_explicit(&faults->part, memory_order_relaxed));
}

enum shop_reason shop_faults_payment_of(struct shop_faults *faults, double rate,
                                        struct shop_faults_part part) {
  uint64_t n = atomic_fetch_add_explicit(&faults->payments, 1, memory_order_relaxed);
  if (random_to_unit(random_at(faults->seed, 2 * n)) >= rate) return SHOP_DONE;
  double from = part.first > 0 ? mixture[part.first - 1].up_to : 0;
  double which =
      from + random_to_unit(random_at(faults->seed, 2 * n + 1)) * (mixture[part.last].up_to - from);
  int row = part.first;
  while (row < part.last && which >= mixture[row].up_to) row++;
  return mixture[row].reason;
}

uint64_t shop_faults_latency_ns(struct shop_faults *faults, double median_ms) {
  if (median_ms <= 0) return 0;
  uint64_t n = atomic_fetch_add_explicit(&faults->latencies, 1, memory_order_relaxed);
  /* Uses its own sequence, so that latencies do not change which payments fail. Box-Muller transform. */
  double u = 1 - random_to_unit(random_at(~faults->seed, 2 * n));
  double v = random_to_unit(random_at(~faults->seed, 2 * n + 1));
  double normal = sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
  return (uint64_t)(median_ms * fmin(exp(LATENCY_SIGMA * normal), LATENCY_CAP) * (double)CLOCK_NS_PER_MS);
}

uint64_t shop_faults_timeout_ns(double median_ms) {
  return (uint64_t)(fmin(median_ms * TIMEOUT_LATENCIES, fmax(TIMEOUT_CAP_MS, median_ms)) *
                    (double)CLOCK_NS_PER_MS);
}
