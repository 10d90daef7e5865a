/* SPDX-License-Identifier: MIT */
#include "telemetry/core/attributes_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum { NONE = UINT32_MAX, SIZE_LIMIT = (1 << 30) - 1 };
_Static_assert(4ull * SIZE_LIMIT <= UINT32_MAX, "tel_attributes_grow() returns at most this size");

#define TEXT(data_, len_) ((union tel_value){.string = {.data = (data_), .len = (len_)}})
#define INTEGER(value_) ((union tel_value){.integer = (value_)})
#define REAL(value_) ((union tel_value){.real = (value_)})

void tel_attributes_begin(struct tel_attributes *a, uint32_t form, uint32_t limit, uint32_t value_limit,
                          uint32_t start) {
  a->count = a->dropped = 0;
  a->limit = limit;
  a->value_limit = value_limit;
  a->tag = form;
  a->start = a->end = start;
  a->size = sizeof a->text;
  a->seen = 0;
  a->bytes = a->text;
  a->places = a->first;
  a->place_size = TEL_ATTRIBUTES_INLINE;
  a->found_text = NULL;
}

void tel_attributes_init(struct tel_attributes *a, uint32_t limit, uint32_t value_limit) {
  if (a) tel_attributes_begin(a, TEL_FORM_SPAN, limit, value_limit, 0);
}

void tel_attributes_clear(struct tel_attributes *a) {
  if (!a) return;
  if (a->bytes != a->text) free(a->bytes);
  if (a->places != a->first) free(a->places);
  free(a->found_text);
  tel_attributes_begin(a, a->tag, a->limit, a->value_limit, a->start);
}

unsigned char *tel_attributes_grow(struct tel_attributes *a, size_t size) {
  if (size > SIZE_LIMIT || a->end > SIZE_LIMIT) return NULL;
  size_t wanted = 2 * (a->end + size);
  bool inside = a->bytes == a->text;
  unsigned char *bytes = inside ? malloc(wanted) : realloc(a->bytes, wanted);
  if (!bytes) return NULL;
  if (inside) memcpy(bytes, a->text, sizeof a->text); /* also copies a pair after the last one */
  a->bytes = bytes;
  a->size = (uint32_t)wanted;
  return bytes + a->end;
}

static bool reserve_place(struct tel_attributes *a) {
  if (a->count < a->place_size) return true;
  bool inside = a->places == a->first;
  size_t size = 2 * sizeof *a->places * a->place_size;
  struct tel_place *places = inside ? malloc(size) : realloc(a->places, size);
  if (!places) return false;
  if (inside) memcpy(places, a->first, sizeof a->first);
  a->places = places;
  a->place_size *= 2;
  return true;
}

/* The same as TEL_KEY_ID(). */
static uint32_t id_of(const char *text, size_t len) {
  uint32_t first = 0;
  uint64_t last = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (len >= sizeof last) {
    memcpy(&first, text, sizeof first);
    memcpy(&last, text + len - sizeof last, sizeof last);
  } else if (len >= sizeof first) {
    uint32_t end;
    memcpy(&first, text, sizeof first);
    memcpy(&end, text + len - sizeof end, sizeof end);
    last = (uint64_t)end << 32 | (uint32_t)((uint64_t)first << (64 - 8 * len));
  } else
#endif
  {
    for (size_t i = 0; i < 4 && i < len; i++) first |= (uint32_t)(uint8_t)text[i] << 8 * i;
    for (size_t i = 1; i <= 8 && i <= len; i++) last |= (uint64_t)(uint8_t)text[len - i] << (64 - 8 * i);
  }
  return (first * 0x9E3779B1u ^ (uint32_t)last * 0x85EBCA77u ^ (uint32_t)(last >> 32) * 0xC2B2AE3Du) +
         (uint32_t)len * 0x27D4EB2Fu;
}

struct tel_name tel_name_of(const char *key, size_t len) {
  return (struct tel_name){.text = key, .len = (uint32_t)len, .id = id_of(key, len)};
}

static struct tel_name prepared(const struct tel_key *key) {
  return (struct tel_name){.prepared = key, .text = key->text, .len = key->len, .id = key->id};
}

static const struct tel_form *form_of(const struct tel_attributes *a) {
  return a->tag ? &tel_form_otlp : &tel_form_json;
}

/* The index of the pair with the same key as the given pair, or NONE. */
static uint32_t find(const struct tel_attributes *a, uint32_t id, const unsigned char *pair) {
  if (!(a->seen & TEL_KEY_BIT(id))) return NONE;
  for (uint32_t i = 0; i < a->count; i++)
    if (a->places[i].id == id && form_of(a)->same_key(a->bytes + a->places[i].at, pair)) return i;
  return NONE;
}

static size_t end_of(const struct tel_attributes *a, uint32_t i) {
  return i + 1 < a->count ? a->places[i + 1].at : a->end;
}

/* Replaces the i-th pair with the pair that was written after the last one. Returns false when out of memory.
 */
static bool replace(struct tel_attributes *a, uint32_t i, size_t size) {
  if (!tel_attributes_reserve(a, 2 * size)) return false;
  unsigned char *fresh = a->bytes + a->end, *old = a->bytes + a->places[i].at;
  size_t old_size = end_of(a, i) - a->places[i].at, rest = a->end - end_of(a, i);
  memcpy(fresh + size, fresh, size); /* a copy that the next move does not overwrite */
  memmove(old + size, old + old_size, rest);
  memcpy(old, fresh + size, size);
  for (uint32_t n = i + 1; n < a->count; n++) a->places[n].at += (uint32_t)(size - old_size);
  a->end += (uint32_t)(size - old_size);
  return true;
}

static void append(struct tel_attributes *a, uint32_t id, size_t size) {
  a->places[a->count++] = (struct tel_place){id, a->end};
  a->seen |= TEL_KEY_BIT(id);
  a->end += (uint32_t)size;
}

/* The slow path of commit(): the key may already exist, or there is no free room. */
static void commit_slowly(struct tel_attributes *a, uint32_t id, size_t size) {
  uint32_t at = find(a, id, a->bytes + a->end);
  if (at != NONE) {
    if (!replace(a, at, size)) a->dropped++;
  } else if (a->count < a->limit && reserve_place(a)) {
    append(a, id, size);
  } else {
    a->dropped++;
  }
}

/* A pair was written behind the last one of the list: adds it to the list, or discards it. */
static inline void commit(struct tel_attributes *a, uint32_t id, size_t size) {
  if (!(a->seen & TEL_KEY_BIT(id)) && a->count < a->limit && a->count < a->place_size)
    append(a, id, size);
  else
    commit_slowly(a, id, size);
}

static bool is_full(const struct tel_attributes *a, uint32_t id) {
  return a->count >= a->limit && !(a->seen & TEL_KEY_BIT(id));
}

/* The size in bytes of the first limit characters. Each ill-formed part counts as one. */
static size_t cut(const char *text, size_t len, uint32_t limit) {
  len = utf8_cut(text, len, limit);
  if (utf8_valid(text, len)) return len;
  size_t at = 0;
  for (uint32_t characters = 0; at < len && characters < limit; characters++) {
    int step = utf8_sequence(text + at, len - at);
    at += (size_t)(step > 0 ? step : -step);
  }
  return at;
}

static void set(struct tel_attributes *a, const struct tel_name *name, enum tel_type type,
                union tel_value value);

/* A collector rejects the whole request if one key is not UTF-8. */
static void set_repaired(struct tel_attributes *a, const struct tel_name *name, enum tel_type type,
                         union tel_value value) {
  char *key = utf8_repaired(name->text, name->len);
  if (!key) {
    a->dropped++;
    return;
  }
  struct tel_name repaired = tel_name_of(key, strlen(key));
  set(a, &repaired, type, value);
  free(key);
}

static void set(struct tel_attributes *a, const struct tel_name *name, enum tel_type type,
                union tel_value value) {
  if (name->len == 0) return;
  if (!name->prepared && !utf8_valid(name->text, name->len)) {
    set_repaired(a, name, type, value);
    return;
  }
  if (!a->tag && tel_json_is_reserved(name)) return;
  if (type == TEL_STRING && value.string.len > a->value_limit)
    value.string.len = cut(value.string.data, value.string.len, a->value_limit);
  size_t size = 0;
  if (!is_full(a, name->id))
    size = a->tag ? tel_form_otlp.write(a, name, type, &value) : tel_form_json.write(a, name, type, &value);
  if (size)
    commit(a, name->id, size);
  else
    a->dropped++;
}

/* If the value may exceed the list's limit, it is decoded, cut and encoded again. */
void tel_attributes_add_encoded(struct tel_attributes *a, uint32_t id, const unsigned char *pair,
                                size_t size) {
  if (size > a->value_limit && a->tag) {
    struct tel_attribute read;
    tel_form_otlp.read(pair, size, &read, NULL);
    const struct tel_name name = {.text = read.key, .len = read.key_len, .id = id};
    set(a, &name, read.type,
        read.type == TEL_STRING   ? TEXT(read.value.string.data, read.value.string.len)
        : read.type == TEL_DOUBLE ? REAL(read.value.real)
                                  : INTEGER(read.value.integer));
    return;
  }
  unsigned char *to = is_full(a, id) ? NULL : tel_attributes_reserve(a, size);
  if (to)
    commit(a, id, (size_t)(wire_put_raw(to, pair, size) - to));
  else
    a->dropped++;
}

/* A fast path for nearly all values: short plain texts and small numbers. */
enum { SHORT = 64, SHORT_ROOM = 192, SMALL = 1 << 28 };

static inline bool is_short(const struct tel_attributes *a, const struct tel_name *name) {
  return name->len - 1 < TEL_KEY_SIZE - 1 && a->size - a->end >= SHORT_ROOM; /* false for an empty key */
}

__attribute__((always_inline)) static inline void
set_text(struct tel_attributes *a, const struct tel_name *name, const char *value, size_t len) {
  size_t size = 0;
  if (len < SHORT && len <= a->value_limit && is_short(a, name)) {
    if (a->tag)
      size = tel_otlp_write_short(a->bytes + a->end, a->tag, name, value, len);
    else if (!tel_json_is_reserved(name))
      size = tel_json_write_short(a->bytes + a->end, name, value, len);
  }
  if (size)
    commit(a, name->id, size);
  else
    set(a, name, TEL_STRING, TEXT(value, len));
}

__attribute__((always_inline)) static inline void set_int(struct tel_attributes *a,
                                                          const struct tel_name *name, int64_t value) {
  size_t size = 0;
  if (is_short(a, name)) {
    if (!a->tag && !tel_json_is_reserved(name))
      size = tel_json_write_number(a->bytes + a->end, name, TEL_INT, INTEGER(value));
    else if (a->tag && value >= 0 && value < SMALL)
      size = tel_otlp_write_small(a->bytes + a->end, a->tag, name, (uint32_t)value);
  }
  if (size)
    commit(a, name->id, size);
  else
    set(a, name, TEL_INT, INTEGER(value));
}

static inline void set_double(struct tel_attributes *a, const struct tel_name *name, double value) {
  size_t size = 0;
  if (!a->tag && isfinite(value) && is_short(a, name) && !tel_json_is_reserved(name))
    size = tel_json_write_number(a->bytes + a->end, name, TEL_DOUBLE, REAL(value));
  if (size)
    commit(a, name->id, size);
  else
    set(a, name, TEL_DOUBLE, REAL(value));
}

void tel_attributes_set_text(struct tel_attributes *a, const char *key, const char *value, size_t len) {
  if (!a || !key || !value) return;
  struct tel_name name = tel_name_of(key, strlen(key));
  set_text(a, &name, value, len);
}

void tel_attributes_set_string(struct tel_attributes *a, const char *key, const char *value) {
  if (value) tel_attributes_set_text(a, key, value, strlen(value));
}

void tel_attributes_set_static(struct tel_attributes *a, const char *key, const char *value) {
  tel_attributes_set_string(a, key, value);
}

void tel_attributes_set_int(struct tel_attributes *a, const char *key, int64_t value) {
  if (!a || !key) return;
  struct tel_name name = tel_name_of(key, strlen(key));
  set_int(a, &name, value);
}

void tel_attributes_set_double(struct tel_attributes *a, const char *key, double value) {
  if (!a || !key) return;
  struct tel_name name = tel_name_of(key, strlen(key));
  set_double(a, &name, value);
}

void tel_attributes_set_bool(struct tel_attributes *a, const char *key, bool value) {
  if (!a || !key) return;
  struct tel_name name = tel_name_of(key, strlen(key));
  set(a, &name, TEL_BOOL, INTEGER(value));
}

void tel_attributes_put_text(struct tel_attributes *a, const struct tel_key *key, const char *value,
                             size_t len) {
  if (!a || !key || !value) return;
  struct tel_name name = prepared(key);
  set_text(a, &name, value, len);
}

void tel_attributes_put_string(struct tel_attributes *a, const struct tel_key *key, const char *value) {
  if (value) tel_attributes_put_text(a, key, value, strlen(value));
}

void tel_attributes_put_int(struct tel_attributes *a, const struct tel_key *key, int64_t value) {
  if (!a || !key) return;
  struct tel_name name = prepared(key);
  set_int(a, &name, value);
}

void tel_attributes_put_double(struct tel_attributes *a, const struct tel_key *key, double value) {
  if (!a || !key) return;
  struct tel_name name = prepared(key);
  set_double(a, &name, value);
}

void tel_attributes_put_bool(struct tel_attributes *a, const struct tel_key *key, bool value) {
  if (!a || !key) return;
  struct tel_name name = prepared(key);
  set(a, &name, TEL_BOOL, INTEGER(value));
}

const struct tel_attribute *tel_attributes_find(const struct tel_attributes *a, const char *key) {
  if (!a || !key) return NULL;
  /* The list keeps the last result. The cast is safe, because the caller owns the list. */
  struct tel_attributes *own = (struct tel_attributes *)(uintptr_t)a;
  struct tel_attribute *found = &own->found;
  size_t len = strlen(key);
  uint32_t id = id_of(key, len);
  for (uint32_t i = 0; i < a->count && (a->seen & TEL_KEY_BIT(id)); i++) {
    if (a->places[i].id != id) continue;
    free(own->found_text);
    own->found_text = NULL;
    if (form_of(a)->read(a->bytes + a->places[i].at, end_of(a, i) - a->places[i].at, found,
                         &own->found_text) &&
        found->key_len == len && memcmp(found->key, key, len) == 0) {
      found->key = key;
      return found;
    }
  }
  return NULL;
}
