/* SPDX-License-Identifier: MIT */
/* Queued spans are encoded copies of ended spans. So only a few span objects are in use, and they stay in the
 * cache. Any thread. */
#ifndef TELEMETRY_TRACES_SPAN_PACKET_H
#define TELEMETRY_TRACES_SPAN_PACKET_H

#include "telemetry/core/pipeline.h"
#include "telemetry/core/pool.h"
#include "telemetry/traces/span.h"

/* Size of a packet in the pool. A larger span goes to the heap, as does any span when the pool is empty. */
enum { TEL_PACKET_SIZE = 768 };

struct tel_packet {
  struct tel_item item; /* first */
  struct tel_wire wire;
  uint8_t data[];
};

/* A copy of a sealed span, of weight 1; NULL when out of memory. */
struct tel_packet *tel_packet_new(struct tel_pool *pool, const struct tel_wire *wire);
void tel_packet_release(struct tel_pool *pool, struct tel_packet *packet);

#endif
