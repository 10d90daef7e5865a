/* SPDX-License-Identifier: MIT */
/* A pair in OTLP: KeyValue{1 key, 2 AnyValue{1 string, 2 bool, 3 int64, 4 double}}. */
#include <string.h>

#include "base/utf8.h"
#include "telemetry/core/attributes_private.h"

enum {
  KEY = WIRE_TAG(1, WIRE_BYTES),
  VALUE = WIRE_TAG(2, WIRE_BYTES),
  STRING = WIRE_TAG(1, WIRE_BYTES),
  BOOL = WIRE_TAG(2, WIRE_VARINT),
  INT = WIRE_TAG(3, WIRE_VARINT),
  DOUBLE = WIRE_TAG(4, WIRE_FIXED64),
  /* More than tags, lengths, numbers and a whole prepared key. */
  OVERHEAD = 128,
  BEFORE_TEXT = 64 /* without the key's own bytes */
};
_Static_assert(offsetof(struct tel_key, text) == offsetof(struct tel_key, tag) + 2 && KEY == 0x0A,
               "a key is copied with its tag and length");

static uint8_t *put_key(uint8_t *to, const struct tel_name *name) {
  const struct tel_key *key = name->prepared;
  if (!key) return wire_put_bytes(to, KEY, name->text, name->len);
  memcpy(to, &key->tag, 2 + sizeof key->text); /* a fixed size needs only a few moves and no call */
  return to + 2 + key->len;
}

static inline uint8_t *put_head(uint8_t *to, uint32_t tag, const struct tel_name *name, size_t value_size) {
  size_t key_size = wire_bytes_size(name->len), size = key_size + wire_bytes_size(value_size);
  *to++ = (uint8_t)tag;
  to = put_key(wire_put_varint(to, size), name);
  *to++ = VALUE;
  return wire_put_varint(to, value_size);
}

/* The length of the text is known only after the repair. So the text is repaired behind its place and then
 * moved there. */
static size_t write_repaired(struct tel_attributes *a, const struct tel_name *name, const char *data,
                             size_t len) {
  uint8_t *start = tel_attributes_reserve(a, name->len + OVERHEAD + 3 * len), *to = start;
  if (!start) return 0;
  uint8_t *repaired = to + name->len + BEFORE_TEXT;
  len = utf8_repair(data, len, (char *)repaired);
  to = put_head(to, a->tag, name, wire_bytes_size(len));
  *to++ = STRING;
  to = wire_put_varint(to, len);
  memmove(to, repaired, len);
  return (size_t)(to + len - start);
}

static size_t write_text(struct tel_attributes *a, const struct tel_name *name, const char *data,
                         size_t len) {
  uint8_t *start = tel_attributes_reserve(a, name->len + OVERHEAD + len);
  if (!start) return 0;
  uint8_t *to = put_head(start, a->tag, name, wire_bytes_size(len));
  *to++ = STRING;
  to = wire_put_varint(to, len);
  if (!tel_copy_ascii(to, data, len) && !utf8_valid(data, len)) return write_repaired(a, name, data, len);
  return (size_t)(to + len - start);
}

static size_t write_pair(struct tel_attributes *a, const struct tel_name *name, enum tel_type type,
                         const union tel_value *value) {
  uint64_t bits;
  if (type == TEL_STRING) return write_text(a, name, value->string.data, value->string.len);
  uint8_t *start = tel_attributes_reserve(a, name->len + OVERHEAD), *to = start;
  if (!start) return 0;
  if (type == TEL_INT) {
    to = put_head(to, a->tag, name, 1 + wire_varint_size((uint64_t)value->integer));
    *to++ = INT;
    to = wire_put_varint(to, (uint64_t)value->integer);
  } else if (type == TEL_BOOL) {
    to = put_head(to, a->tag, name, 2);
    *to++ = BOOL;
    *to++ = value->integer != 0;
  } else {
    memcpy(&bits, &value->real, sizeof bits);
    to = put_head(to, a->tag, name, 1 + sizeof bits);
    *to++ = DOUBLE;
    to = wire_put_fixed64(to, bits);
  }
  return (size_t)(to - start);
}

/* A pair begins with its tag and its length, so the reader knows the end only after it has read them. */
static struct wire_reader inside(const unsigned char *pair) {
  struct wire_reader r = {pair + 1, pair + 1 + WIRE_VARINT_MAX};
  uint64_t len = wire_get_varint(&r);
  return (struct wire_reader){r.at, r.at + len};
}

static bool same_key(const unsigned char *a, const unsigned char *b) {
  struct wire_reader of_a = inside(a), of_b = inside(b);
  struct wire_field x, y;
  return wire_next(&of_a, &x) && wire_next(&of_b, &y) && x.len == y.len &&
         memcmp(x.bytes, y.bytes, x.len) == 0;
}

static void read_value(struct wire_reader r, struct tel_attribute *out) {
  struct wire_field field;
  if (!wire_next(&r, &field)) return;
  out->type = (enum tel_type)(field.number - 1); /* in the same order */
  switch (out->type) {
  case TEL_STRING:
    out->value.string.data = (const char *)field.bytes;
    out->value.string.len = field.len;
    break;
  case TEL_BOOL:
  case TEL_INT:
    out->value.integer = (int64_t)field.value;
    break;
  case TEL_DOUBLE:
    memcpy(&out->value.real, &field.value, sizeof out->value.real);
    break;
  }
}

void tel_pair_read(const uint8_t *data, size_t len, struct tel_attribute *out) {
  struct wire_reader r = {data, data + len};
  struct wire_field field;
  *out = (struct tel_attribute){.key = ""};
  while (wire_next(&r, &field)) {
    if (field.number == 1) {
      out->key = (const char *)field.bytes;
      out->key_len = (uint32_t)field.len;
    } else {
      read_value((struct wire_reader){field.bytes, field.bytes + field.len}, out);
    }
  }
}

static bool read_pair(const unsigned char *pair, size_t len, struct tel_attribute *out, char **text) {
  struct wire_reader r = inside(pair);
  (void)len, (void)text;
  tel_pair_read(r.at, (size_t)(r.end - r.at), out);
  return true;
}

const struct tel_form tel_form_otlp = {write_pair, same_key, read_pair};
