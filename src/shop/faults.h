/* What goes wrong on purpose, and how long things take: chosen at random, by a seed. Any thread.
 * With a seed, the n-th payment has the same outcome in every run, whichever thread asks. */
#ifndef SHOP_FAULTS_H
#define SHOP_FAULTS_H

#include <stdatomic.h>
#include <stdint.h>

#include "shop/reason.h"

struct shop_faults {
  uint64_t seed;
  _Atomic uint64_t payments, latencies; /* drawn so far */
  _Atomic double failure_rate;
  _Atomic int forced_reason; /* enum shop_reason; SHOP_DONE: a mixture */
};

/* seed 0: one from the system. */
void shop_faults_init(struct shop_faults *faults, uint64_t seed);
void shop_faults_configure(struct shop_faults *faults, double failure_rate, enum shop_reason forced_reason);
/* How the next payment ends: SHOP_DONE or a payment failure. */
enum shop_reason shop_faults_payment(struct shop_faults *faults);
/* A log-normal duration about the median, at most ten times it; 0 for 0. In nanoseconds. */
uint64_t shop_faults_latency_ns(struct shop_faults *faults, double median_ms);

#endif
