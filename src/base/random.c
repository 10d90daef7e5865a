/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/forks.h"
#include "base/hex.h"

/* splitmix64 (Steele, Lea, Flood 2014) passes BigCrush, and computes the n-th number directly. */
uint64_t random_at(uint64_t seed, uint64_t n) {
  uint64_t z = seed + (n + 1) * UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

double random_to_unit(uint64_t bits) {
  return (double)(bits >> 11) * 0x1.0p-53;
}

static void seed_without_system(uint64_t s[4]) {
  uint64_t seed = clock_unix_ns() ^ clock_mono_ns() << 20 ^ (uint64_t)getpid() << 40 ^ (uintptr_t)s;
  for (uint64_t i = 0; i < 4; i++) s[i] = random_at(seed, i);
}

/* Each thread has its own xoshiro256** generator (Blackman, Vigna 2018). Its state has 256 bits, so the
 * identifiers of different threads do not collide. A child of fork() must not repeat the numbers of its
 * parent, so it seeds again. */
uint64_t random_u64(void) {
  static _Thread_local uint64_t s[4];
  static _Thread_local bool seeded;
  static _Thread_local unsigned seeded_in;
  unsigned process = forks_generation();
  if (!seeded || seeded_in != process) {
    forks_watch();
    /* getrandom() blocks only during boot, until the kernel's pool is ready. It fails only if a sandbox
     * forbids it. A library must not end the program for that. */
    if (getrandom(s, sizeof s, 0) != (ssize_t)sizeof s) seed_without_system(s);
    s[0] |= 1; /* the all-zero state would stay zero */
    seeded = true;
    seeded_in = process;
  }
  uint64_t x = s[1] * 5;
  uint64_t result = ((x << 7) | (x >> 57)) * 9;
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = (s[3] << 45) | (s[3] >> 19);
  return result;
}

void random_bytes(void *out, size_t len) {
  unsigned char *to = out;
  while (len) {
    uint64_t bits = random_u64();
    size_t n = len < sizeof bits ? len : sizeof bits;
    memcpy(to, &bits, n);
    to += n;
    len -= n;
  }
}

double random_unit(void) {
  return random_to_unit(random_u64());
}

void random_uuid(char out[RANDOM_UUID_SIZE]) {
  uint8_t b[16];
  random_bytes(b, sizeof b);
  b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
  b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
  for (size_t i = 0; i < sizeof b; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    out = hex_write(out, b + i, 1);
  }
  *out = '\0';
}
