#include "base/clock.h"

#include <errno.h>
#include <time.h>

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

uint64_t clock_mono_ns(void) {
  return read_clock(CLOCK_MONOTONIC);
}

void clock_sleep_ns(uint64_t ns) {
  struct timespec left = {(time_t)(ns / CLOCK_NS_PER_S), (long)(ns % CLOCK_NS_PER_S)};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
  }
}
