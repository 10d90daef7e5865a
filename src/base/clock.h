/* The two clocks, in nanoseconds. Any thread; never block. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_S UINT64_C(1000000000)
#define CLOCK_NS_PER_MS UINT64_C(1000000)

/* Since 1970, UTC; may step. For timestamps only. */
uint64_t clock_unix_ns(void);
/* The same as of the kernel's last tick, so up to some ms old, for a quarter of the cost. */
uint64_t clock_unix_coarse_ns(void);
/* Monotonic, for durations and deadlines. */
uint64_t clock_mono_ns(void);
/* One reading of both clocks. Times that are counted from it on the monotonic clock agree with each other,
 * however often the wall clock is set in between. */
struct clock_anchor {
  uint64_t unix_ns, mono_ns;
};
struct clock_anchor clock_anchor_now(void);
/* Nanoseconds since 1970 at the monotonic time, as counted from the anchor. */
uint64_t clock_anchor_unix_ns(const struct clock_anchor *anchor, uint64_t mono_ns);
/* Sleeps at least this long, on through signals. */
void clock_sleep_ns(uint64_t ns);

#endif
