/* SPDX-License-Identifier: MIT */
#include "config.h" /* first: GNU extensions */

#include "base/shard.h"

#include <sched.h>

unsigned shard_index(void) {
  int processor = sched_getcpu();
  return processor < 0 ? 0 : (unsigned)processor % SHARDS;
}
