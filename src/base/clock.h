/* SPDX-License-Identifier: MIT */
/* The two clocks, in nanoseconds. Any thread. Only clock_sleep_ns() blocks. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_S UINT64_C(1000000000)
#define CLOCK_NS_PER_MS UINT64_C(1000000)

/* The wall clock, since 1970, UTC. It may step, so it is for timestamps only. */
uint64_t clock_unix_ns(void);
/* The wall clock at the kernel's last tick: a few milliseconds old, at a quarter of the cost. */
uint64_t clock_unix_coarse_ns(void);
/* The monotonic clock, for durations and deadlines. */
uint64_t clock_mono_ns(void);
/* The monotonic clock at the kernel's last tick. */
uint64_t clock_mono_coarse_ns(void);
/* One reading of both clocks. Wall-clock times that are derived from one anchor are consistent, even if the
 * wall clock is set meanwhile. */
struct clock_anchor {
  uint64_t unix_ns, mono_ns;
};
struct clock_anchor clock_anchor_now(void);
/* Converts a monotonic time to nanoseconds since 1970. */
uint64_t clock_anchor_unix_ns(const struct clock_anchor *anchor, uint64_t mono_ns);
/* Converts nanoseconds (a time or a duration) for POSIX functions. */
struct timespec clock_timespec(uint64_t ns);
/* Detects that the process was stopped (SIGSTOP, a frozen container) or got no CPU time: returns took_ns if a
 * wait of wait_ns took over a second longer than that, else 0. */
uint64_t clock_stopped_ns(uint64_t took_ns, uint64_t wait_ns);
/* Sleeps at least this long. A signal does not end it. */
void clock_sleep_ns(uint64_t ns);

#endif
