/* SPDX-License-Identifier: MIT */
/* What waits for the exporter: ended spans as they go over the wire, copied out of the objects that requests
 * use. So those are few and stay in the cache, and what waits takes no more memory than its bytes. Any
 * thread. Internal to src/telemetry. */
#ifndef TELEMETRY_TRACES_SPAN_PACKET_H
#define TELEMETRY_TRACES_SPAN_PACKET_H

#include "base/pool.h"
#include "telemetry/core/pipeline.h"
#include "telemetry/traces/span.h"

/* A packet of a pool has so many bytes; larger spans go to the heap. */
enum { TEL_PACKET_SIZE = 768 };

struct tel_packet {
  struct tel_item item; /* first */
  struct tel_wire wire;
  uint8_t data[];
};

/* A copy of a sealed span, of weight 1; NULL when out of memory. */
struct tel_packet *tel_packet_new(struct pool *pool, const struct tel_wire *wire);
void tel_packet_release(struct pool *pool, struct tel_packet *packet);

#endif
