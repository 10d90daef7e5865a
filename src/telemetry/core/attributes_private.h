/* SPDX-License-Identifier: MIT */
/* How lists of attributes are encoded. */
#ifndef TELEMETRY_CORE_ATTRIBUTES_PRIVATE_H
#define TELEMETRY_CORE_ATTRIBUTES_PRIVATE_H

#include "base/digits.h"
#include "base/escape.h"
#include "tel/attributes.h"
#include "telemetry/core/wire.h"

/* The form of a list: the tag that precedes each pair in its message, or JSON. */
enum {
  TEL_FORM_JSON = 0,
  TEL_FORM_SPAN = WIRE_TAG(9, WIRE_BYTES),
  TEL_FORM_EVENT = WIRE_TAG(3, WIRE_BYTES),
  TEL_FORM_LINK = WIRE_TAG(4, WIRE_BYTES),
  TEL_FORM_RESOURCE = WIRE_TAG(1, WIRE_BYTES)
};

/* Like tel_attributes_init(), for the given form. Leaves start bytes free before the pairs. */
void tel_attributes_begin(struct tel_attributes *a, uint32_t form, uint32_t limit, uint32_t value_limit,
                          uint32_t start);
/* Returns room for size bytes after the pairs, or NULL. */
unsigned char *tel_attributes_grow(struct tel_attributes *a, size_t size);
static inline unsigned char *tel_attributes_reserve(struct tel_attributes *a, size_t size) {
  return size <= a->size - a->end ? a->bytes + a->end : tel_attributes_grow(a, size);
}

/* The encoded pairs. */
static inline const unsigned char *tel_attributes_pairs(const struct tel_attributes *a) {
  return a->bytes + a->start;
}
static inline size_t tel_attributes_pairs_size(const struct tel_attributes *a) {
  return a->end - a->start;
}

/* A key to set. prepared is NULL for an ordinary key. */
struct tel_name {
  const struct tel_key *prepared;
  const char *text;
  uint32_t len, id;
};
struct tel_name tel_name_of(const char *key, size_t len);

/* A value to set. */
union tel_value {
  struct {
    const char *data;
    size_t len;
  } string;
  int64_t integer;
  double real;
};

/* One form of encoding. */
struct tel_form {
  /* Writes a pair behind the others. It is not part of the list yet. Returns its size, or 0 when out of
   * memory. */
  size_t (*write)(struct tel_attributes *a, const struct tel_name *name, enum tel_type type,
                  const union tel_value *value);
  /* Whether two pairs have the same key. */
  bool (*same_key)(const unsigned char *a, const unsigned char *b);
  /* Reads a pair. Allocates decoded text in *text; the caller frees it. Returns false when out of memory. */
  bool (*read)(const unsigned char *pair, size_t len, struct tel_attribute *out, char **text);
};
extern const struct tel_form tel_form_otlp, tel_form_json;

/* Copies the text. False if it is not all ASCII. */
static inline bool tel_copy_ascii(uint8_t *to, const char *text, size_t len) {
  uint64_t bits = 0, word;
  if (len >= sizeof word) {
    size_t last = len - sizeof word;
    for (size_t at = 0; at < last; at += sizeof word) {
      memcpy(&word, text + at, sizeof word);
      memcpy(to + at, &word, sizeof word);
      bits |= word;
    }
    memcpy(&word, text + last, sizeof word);
    memcpy(to + last, &word, sizeof word);
    bits |= word;
  } else if (len >= sizeof(uint32_t)) {
    uint32_t first, second;
    memcpy(&first, text, sizeof first);
    memcpy(&second, text + len - sizeof second, sizeof second);
    memcpy(to, &first, sizeof first);
    memcpy(to + len - sizeof second, &second, sizeof second);
    bits = first | second;
  } else {
    for (size_t at = 0; at < len; at++) bits |= to[at] = (uint8_t)text[at];
  }
  return !(bits & UINT64_C(0x8080808080808080));
}

/* Writes the start of a pair of less than 128 bytes. Returns NULL if the key is not ASCII. A prepared key is
 * copied with its whole array, because a fixed size needs only a few moves and no call. */
static inline uint8_t *tel_otlp_put_short_head(uint8_t *to, uint32_t tag, const struct tel_name *name,
                                               size_t value_size) {
  *to++ = (uint8_t)tag;
  *to++ = (uint8_t)(name->len + value_size + 4);
  if (name->prepared) {
    memcpy(to, &name->prepared->tag, 2 + sizeof name->prepared->text);
  } else {
    to[0] = WIRE_TAG(1, WIRE_BYTES);
    to[1] = (uint8_t)name->len;
    if (!tel_copy_ascii(to + 2, name->text, name->len)) return NULL;
  }
  to += 2 + name->len;
  *to++ = WIRE_TAG(2, WIRE_BYTES);
  *to++ = (uint8_t)value_size;
  return to;
}

/* Writes a pair of less than 128 bytes in one of OTLP's forms. Returns its size, or 0 if the key or the value
 * is not ASCII. */
static inline size_t tel_otlp_write_short(uint8_t *start, uint32_t tag, const struct tel_name *name,
                                          const char *value, size_t len) {
  uint8_t *to = tel_otlp_put_short_head(start, tag, name, len + 2);
  if (!to) return 0;
  *to++ = WIRE_TAG(1, WIRE_BYTES);
  *to++ = (uint8_t)len;
  return tel_copy_ascii(to, value, len) ? (size_t)(to + len - start) : 0;
}

/* The same for an integer from 0 to 2^28 - 1. */
static inline size_t tel_otlp_write_small(uint8_t *start, uint32_t tag, const struct tel_name *name,
                                          uint32_t value) {
  size_t size = 1u + (value >= 1 << 7) + (value >= 1 << 14) + (value >= 1 << 21);
  uint8_t *to = tel_otlp_put_short_head(start, tag, name, size + 1);
  if (!to) return 0;
  *to++ = WIRE_TAG(3, WIRE_VARINT);
  to[0] = (uint8_t)(value | 0x80);
  to[1] = (uint8_t)(value >> 7 | 0x80);
  to[2] = (uint8_t)(value >> 14 | 0x80);
  to[3] = (uint8_t)(value >> 21);
  to[size - 1] &= 0x7f;
  return (size_t)(to + size - start);
}

/* The bit that stands for a key in the member seen of a list. */
#define TEL_KEY_BIT(id) (UINT64_C(1) << ((id) >> 26))

/* The members that every log line has. */
#define TEL_JSON_RESERVED(X)                                                                                 \
  X("timestamp"), X("level"), X("severity_number"), X("message"), X("app"), X("version"), X("instance"),     \
      X("trace_id"), X("span_id"), X("trace_flags")
bool tel_json_is_reserved_slowly(const struct tel_name *name);
static inline bool tel_json_is_reserved(const struct tel_name *name) {
#define BIT(literal) TEL_KEY_BIT(TEL_KEY_ID(literal))
  static const uint64_t bits[] = {TEL_JSON_RESERVED(BIT)};
#undef BIT
  const uint64_t any =
      bits[0] | bits[1] | bits[2] | bits[3] | bits[4] | bits[5] | bits[6] | bits[7] | bits[8] | bits[9];
  return (any & TEL_KEY_BIT(name->id)) && tel_json_is_reserved_slowly(name);
}

/* Writes the start of a pair. Returns its end, or NULL if the key might need an escape. A prepared key is
 * copied with its whole array, because a fixed size needs only a few moves and no call. */
static inline char *tel_json_put_short_head(char *to, const struct tel_name *name) {
  if (name->prepared) {
    memcpy(to, name->prepared->json, sizeof name->prepared->json);
    return to + name->prepared->json_len;
  }
  memcpy(to, ",\"", 2);
  if (!escape_json_copy(to + 2, name->text, name->len)) return NULL;
  to += 2 + name->len;
  memcpy(to, "\":", 2);
  return to + 2;
}

/* Writes a pair of short texts that need no escape. Returns its size, or 0 if a text might need an escape. */
static inline size_t tel_json_write_short(unsigned char *start, const struct tel_name *name,
                                          const char *value, size_t len) {
  char *to = tel_json_put_short_head((char *)start, name);
  if (!to) return 0;
  *to++ = '"';
  if (!escape_json_copy(to, value, len)) return 0;
  to += len;
  *to++ = '"';
  return (size_t)(to - (char *)start);
}

/* The same for a finite number. */
static inline size_t tel_json_write_number(unsigned char *start, const struct tel_name *name,
                                           enum tel_type type, union tel_value value) {
  char *to = tel_json_put_short_head((char *)start, name);
  if (!to) return 0;
  to = type == TEL_INT ? digits_i64(to, value.integer) : digits_double(to, value.real);
  return (size_t)(to - (char *)start);
}

/* Reads a KeyValue message. The texts in out point into data. */
void tel_pair_read(const uint8_t *data, size_t len, struct tel_attribute *out);

/* Constant pairs that are encoded once. */
struct tel_block;
/* Copies the pairs of a list. Returns NULL when out of memory. */
struct tel_block *tel_block_new(const struct tel_attributes *from);
void tel_block_free(struct tel_block *block);
/* Sets all pairs of the block. It must have the list's form. The list's limits apply. Either may be NULL. */
void tel_attributes_add_block(struct tel_attributes *a, const struct tel_block *block);
/* Sets an encoded pair. id is the hash of its key. */
void tel_attributes_add_encoded(struct tel_attributes *a, uint32_t id, const unsigned char *pair,
                                size_t size);
/* Sets all pairs of another list of the same form. */
void tel_attributes_add(struct tel_attributes *a, const struct tel_attributes *from);

#endif
