/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <errno.h>

static uint64_t read_clock(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (uint64_t)t.tv_sec * CLOCK_NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t clock_unix_ns(void) {
  return read_clock(CLOCK_REALTIME);
}

uint64_t clock_unix_coarse_ns(void) {
  return read_clock(CLOCK_REALTIME_COARSE);
}

uint64_t clock_mono_coarse_ns(void) {
  return read_clock(CLOCK_MONOTONIC_COARSE);
}

uint64_t clock_mono_ns(void) {
  return read_clock(CLOCK_MONOTONIC);
}

struct clock_anchor clock_anchor_now(void) {
  return (struct clock_anchor){.unix_ns = clock_unix_ns(), .mono_ns = clock_mono_ns()};
}

uint64_t clock_anchor_unix_ns(const struct clock_anchor *anchor, uint64_t mono_ns) {
  return anchor->unix_ns + (mono_ns - anchor->mono_ns);
}

struct timespec clock_timespec(uint64_t ns) {
  return (struct timespec){.tv_sec = (time_t)(ns / CLOCK_NS_PER_S), .tv_nsec = (long)(ns % CLOCK_NS_PER_S)};
}

uint64_t clock_stopped_ns(uint64_t took_ns, uint64_t wait_ns) {
  return took_ns > wait_ns + CLOCK_NS_PER_S ? took_ns : 0;
}

void clock_sleep_ns(uint64_t ns) {
  struct timespec left = clock_timespec(ns);
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) continue;
}
