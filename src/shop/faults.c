/* SPDX-License-Identifier: MIT */
#include "shop/faults.h"

#include <assert.h>
#include <math.h>

#include "base/clock.h"
#include "base/random.h"

/* LATE: the provider does not respond in time. */
enum { CARD = 1, PROVIDER = 2, LATE = 4, CREDENTIALS = 8 };

static const struct {
  enum shop_reason reason;
  unsigned group, weight;
} rows[] = {
#define ROW(name, word, group, weight, ...) {SHOP_##name, group, weight},
    SHOP_PAYMENT_FAILURES(ROW)
#undef ROW
        {SHOP_CREDENTIALS_REFUSED, CREDENTIALS, 0}, /* only if its group is selected */
};
enum { ROWS = sizeof rows / sizeof *rows, FAILURES = ROWS - 1 };

static const struct {
  const char *word;
  unsigned groups;
} groups[] = {{"", CARD | PROVIDER | LATE},
              {"card", CARD},
              {"provider", PROVIDER | LATE},
              {"credentials", CREDENTIALS}};
enum { GROUPS = sizeof groups / sizeof *groups };

static const double LATENCY_SIGMA = 0.3; /* of the logarithm: the 95th percentile is 1.6 times the median */
static const double LATENCY_CAP = 10;    /* times the median */
static const double TIMEOUT_LATENCIES = 16; /* times the median; more than LATENCY_CAP */
static const double TIMEOUT_CAP_MS = 4000;  /* less than PAYMENT_WAIT_S of shop.c */

void shop_faults_init(struct shop_faults *faults, uint64_t seed) {
  *faults = (struct shop_faults){.seed = seed ? seed : random_u64(), .part = shop_faults_part_of(0)};
}

const char *shop_faults_choice(size_t choice) {
  if (choice < GROUPS) return groups[choice].word;
  return choice - GROUPS < FAILURES ? shop_reason_word(rows[choice - GROUPS].reason) : NULL;
}

static bool selects(size_t choice, size_t row) {
  return choice < GROUPS ? (groups[choice].groups & rows[row].group) != 0 : row == choice - GROUPS;
}

struct shop_faults_part shop_faults_part_of(size_t choice) {
  struct shop_faults_part part = {ROWS, 0};
  for (int row = 0; row < ROWS; row++) {
    if (!selects(choice, (size_t)row)) continue;
    if (part.first == ROWS) part.first = row;
    part.last = row;
  }
  return part;
}

void shop_faults_configure(struct shop_faults *faults, double failure_rate, struct shop_faults_part part) {
  atomic_store(&faults->failure_rate, failure_rate);
  atomic_store(&faults->part, part);
}

enum shop_reason shop_faults_payment(struct shop_faults *faults) {
  return shop_faults_payment_of(faults, atomic_load_explicit(&faults->failure_rate, memory_order_relaxed),
                                atomic_load_explicit(&faults->part, memory_order_relaxed));
}

enum shop_reason shop_faults_payment_of(struct shop_faults *faults, double rate,
                                        struct shop_faults_part part) {
  uint64_t n = atomic_fetch_add_explicit(&faults->payments, 1, memory_order_relaxed);
  if (random_to_unit(random_at(faults->seed, 2 * n)) >= rate) return SHOP_DONE;
  assert(part.first <= part.last && part.last < ROWS); /* each choice selects a row */
  unsigned weights = 0;
  for (int row = part.first; row <= part.last; row++) weights += rows[row].weight;
  double which = random_to_unit(random_at(faults->seed, 2 * n + 1)) * weights;
  int row = part.first;
  while (row < part.last && which >= rows[row].weight) which -= rows[row++].weight;
  return rows[row].reason;
}

bool shop_faults_is_late(enum shop_reason reason) {
  for (int row = 0; row < ROWS; row++)
    if (rows[row].reason == reason) return rows[row].group == LATE;
  return false;
}

uint64_t shop_faults_latency_ns(struct shop_faults *faults, double median_ms) {
  if (median_ms <= 0) return 0;
  uint64_t n = atomic_fetch_add_explicit(&faults->latencies, 1, memory_order_relaxed);
  /* Latencies use their own sequence, so that they do not change which payments fail. Box-Muller. */
  double u = 1 - random_to_unit(random_at(~faults->seed, 2 * n));
  double v = random_to_unit(random_at(~faults->seed, 2 * n + 1));
  double normal = sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
  return (uint64_t)(median_ms * fmin(exp(LATENCY_SIGMA * normal), LATENCY_CAP) * (double)CLOCK_NS_PER_MS);
}

uint64_t shop_faults_timeout_ns(double median_ms) {
  return (uint64_t)(fmin(median_ms * TIMEOUT_LATENCIES, fmax(TIMEOUT_CAP_MS, median_ms)) *
                    (double)CLOCK_NS_PER_MS);
}
