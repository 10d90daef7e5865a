/* SPDX-License-Identifier: MIT */
/* Injected failures and latencies, drawn at random from a seed. Any thread. With a seed, the n-th payment has
 * the same outcome in every run, in any thread. */
#ifndef SHOP_FAULTS_H
#define SHOP_FAULTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shop/reason.h"

/* The range of rows of the reason table from which a failed payment is drawn. */
struct shop_faults_part {
  int first, last;
};

struct shop_faults {
  uint64_t seed;
  _Atomic uint64_t payments, latencies; /* numbers drawn so far */
  _Atomic double failure_rate;
  _Atomic struct shop_faults_part part; /* 8 bytes: lock-free */
};

/* seed 0: a random seed. */
void shop_faults_init(struct shop_faults *faults, uint64_t seed);
/* The allowed words of payment.reason: 0 is "" (any failure except refused credentials), then the groups
 * "card", "provider" and "credentials", then one for each payment failure. NULL after the last. */
const char *shop_faults_choice(size_t choice);
/* The rows that a choice selects. */
struct shop_faults_part shop_faults_part_of(size_t choice);
void shop_faults_configure(struct shop_faults *faults, double failure_rate, struct shop_faults_part part);
/* How the next payment ends: SHOP_DONE or a payment failure. */
enum shop_reason shop_faults_payment(struct shop_faults *faults);
/* The same with the given rate and reasons. */
enum shop_reason shop_faults_payment_of(struct shop_faults *faults, double rate,
                                        struct shop_faults_part part);
/* A log-normal duration around the median, at most ten times the median, in nanoseconds; 0 for 0. */
uint64_t shop_faults_latency_ns(struct shop_faults *faults, double median_ms);
/* Whether a call that fails for this reason takes shop_faults_timeout_ns(). */
bool shop_faults_is_late(enum shop_reason reason);
/* The duration of a call that times out, in nanoseconds: 16 times the median, but at most 4 s (or the median,
 * if that is longer); 0 for 0. */
uint64_t shop_faults_timeout_ns(double median_ms);

#endif
