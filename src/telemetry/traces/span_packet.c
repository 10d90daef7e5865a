/* SPDX-License-Identifier: MIT */
#include "telemetry/traces/span_packet.h"

#include <stdlib.h>
#include <string.h>

struct tel_packet *tel_packet_new(struct tel_pool *pool, const struct tel_wire *wire) {
  size_t size = sizeof(struct tel_packet) + wire->len;
  struct tel_packet *packet = size <= TEL_PACKET_SIZE ? tel_pool_take(pool) : NULL;
  if (!packet && !(packet = malloc(size))) return NULL;
  packet->item = (struct tel_item){.bytes = (uint32_t)wire->len, .weight = 1};
  packet->wire = (struct tel_wire){packet->data, wire->len};
  memcpy(packet->data, wire->data, wire->len);
  return packet;
}

void tel_packet_release(struct tel_pool *pool, struct tel_packet *packet) {
  tel_pool_give_or_free(pool, packet);
}
