/* SPDX-License-Identifier: MIT */
/* Random numbers for identifiers, jitter and the simulation. Do not use them for secrets. Each thread has its
 * own generator, so there is no lock. The kernel's random numbers seed it, and seed it again in a child of
 * fork(). */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* 64 random bits. Any thread. */
uint64_t random_u64(void);
/* Fills len bytes. Any thread. */
void random_bytes(void *out, size_t len);
/* A random UUID, version 4, as text. Any thread. */
enum { RANDOM_UUID_SIZE = 37 };
void random_uuid(char out[RANDOM_UUID_SIZE]);
/* Uniform in [0, 1). Any thread. */
double random_unit(void);

/* The n-th number of the sequence of this seed. A pure function: two runs with the same seed get the same
 * numbers in any thread. */
uint64_t random_at(uint64_t seed, uint64_t n);
/* Turns 64 random bits into a uniform double in [0, 1). */
double random_to_unit(uint64_t bits);

#endif
