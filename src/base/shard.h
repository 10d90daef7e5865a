/* SPDX-License-Identifier: MIT */
/* Which of several copies of shared data a thread uses, so that threads on different processors seldom write
 * to the same cache line. Any thread may use any copy: a thread can be moved at any moment. */
#ifndef BASE_SHARD_H
#define BASE_SHARD_H

enum { SHARDS = 8 /* a power of two */, SHARD_LINE = 64 /* bytes of a cache line */ };

/* From 0 to SHARDS - 1, by the processor that runs this thread. */
unsigned shard_index(void);

#endif
