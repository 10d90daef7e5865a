/* SPDX-License-Identifier: MIT */
/* Protobuf's wire format: only the parts that OTLP needs. */
#ifndef TELEMETRY_CORE_WIRE_H
#define TELEMETRY_CORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The tag before a field: its number and its type. */
enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };
#define WIRE_TAG(number, type) ((uint8_t)((number) << 3 | (type)))
enum { WIRE_VARINT_MAX = 10 };

static inline size_t wire_varint_size(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) size++;
  return size;
}

static inline uint8_t *wire_put_varint(uint8_t *to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = (uint8_t)(value | 0x80);
  *to++ = (uint8_t)value;
  return to;
}

static inline uint8_t *wire_put_fixed64(uint8_t *to, uint64_t value) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap64(value);
#endif
  memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

static inline uint8_t *wire_put_fixed32(uint8_t *to, uint32_t value) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap32(value);
#endif
  memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

static inline uint8_t *wire_put_raw(uint8_t *to, const void *data, size_t len) {
  memcpy(to, data, len);
  return to + len;
}

static inline uint8_t *wire_put_bytes(uint8_t *to, uint8_t tag, const void *data, size_t len) {
  *to++ = tag;
  return wire_put_raw(wire_put_varint(to, len), data, len);
}

/* The size of a field with a length, whose tag has one byte. */
static inline size_t wire_bytes_size(size_t len) {
  return 1 + wire_varint_size(len) + len;
}

/* --- Reading our own output, which is well-formed. --- */

struct wire_reader {
  const uint8_t *at, *end;
};

/* A field. bytes and len are set for WIRE_BYTES, value for the other types. */
struct wire_field {
  uint32_t number;
  enum wire_type type;
  uint64_t value;
  const uint8_t *bytes;
  size_t len;
};

static inline uint64_t wire_get_varint(struct wire_reader *r) {
  uint64_t value = 0;
  for (unsigned shift = 0; r->at < r->end && shift < 64; shift += 7) {
    uint8_t byte = *r->at++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) break;
  }
  return value;
}

static inline uint64_t wire_get_fixed(struct wire_reader *r, unsigned size) {
  uint64_t value = 0;
  for (unsigned i = 0; i < size && r->at < r->end; i++) value |= (uint64_t)*r->at++ << 8 * i;
  return value;
}

/* Reads the next field. Returns false at the end. */
static inline bool wire_next(struct wire_reader *r, struct wire_field *out) {
  if (r->at >= r->end) return false;
  uint64_t tag = wire_get_varint(r);
  *out = (struct wire_field){.number = (uint32_t)(tag >> 3), .type = (enum wire_type)(tag & 7)};
  switch (out->type) {
  case WIRE_VARINT:
    out->value = wire_get_varint(r);
    break;
  case WIRE_FIXED64:
    out->value = wire_get_fixed(r, 8);
    break;
  case WIRE_FIXED32:
    out->value = wire_get_fixed(r, 4);
    break;
  case WIRE_BYTES:
    out->len = (size_t)wire_get_varint(r);
    if (out->len > (size_t)(r->end - r->at)) out->len = (size_t)(r->end - r->at);
    out->bytes = r->at;
    r->at += out->len;
    break;
  }
  return true;
}

#endif
