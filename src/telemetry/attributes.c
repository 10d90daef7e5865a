#include "tel/attributes.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void tel_attributes_init(struct tel_attributes *a, uint32_t limit, uint32_t value_limit) {
  if (!a) return;
  a->items = a->first;
  a->count = 0;
  a->limit = limit;
  a->value_limit = value_limit;
  a->dropped = 0;
  a->text_used = 0;
}

static void release_value(struct tel_attribute *pair) {
  if (!pair->on_heap) return;
  free((char *)(uintptr_t)pair->value.string.data); /* ours: the const is for readers */
  pair->on_heap = false;
}

void tel_attributes_clear(struct tel_attributes *a) {
  if (!a) return;
  for (uint32_t i = 0; i < a->count; i++) release_value(&a->items[i]);
  if (a->items != a->first) free(a->items);
  a->items = a->first;
  a->count = a->dropped = a->text_used = 0;
}

static struct tel_attribute *find(const struct tel_attributes *a, const char *key, size_t len) {
  for (uint32_t i = 0; i < a->count; i++) {
    struct tel_attribute *pair = &a->items[i];
    if (pair->key_len == len && (pair->key == key || memcmp(pair->key, key, len) == 0)) return pair;
  }
  return NULL;
}

static bool grow(struct tel_attributes *a) {
  if (a->items != a->first) return true; /* already as large as the limit */
  struct tel_attribute *items = malloc(a->limit * sizeof *items);
  if (!items) return false;
  memcpy(items, a->first, a->count * sizeof *items);
  a->items = items;
  return true;
}

/* The pair to fill for key, or NULL if there is no room (counted). */
static struct tel_attribute *claim(struct tel_attributes *a, const char *key, enum tel_type type) {
  if (!a || !key) return NULL;
  size_t len = strlen(key);
  struct tel_attribute *pair = find(a, key, len);
  if (pair) {
    release_value(pair);
  } else {
    if (a->count >= a->limit || (a->count >= TEL_ATTRIBUTES_INLINE && !grow(a))) {
      a->dropped++;
      return NULL;
    }
    pair = &a->items[a->count++];
    pair->key = key;
    pair->key_len = (uint32_t)len;
    pair->on_heap = false;
  }
  pair->type = type;
  return pair;
}

void tel_attributes_set_text(struct tel_attributes *a, const char *key, const char *value, size_t len) {
  struct tel_attribute *pair = value ? claim(a, key, TEL_STRING) : NULL;
  if (!pair) return;
  len = utf8_cut(value, len, a->value_limit);
  char *copy;
  if (len <= TEL_ATTRIBUTES_TEXT - a->text_used) {
    copy = a->text + a->text_used;
    a->text_used += (uint32_t)len;
  } else if ((copy = malloc(len))) {
    pair->on_heap = true;
  } else {
    a->dropped++;
    len = 0; /* the key stays, with an empty value: rather that than a pair that points nowhere */
    copy = a->text;
  }
  memcpy(copy, value, len);
  pair->value.string.data = copy;
  pair->value.string.len = len;
}

void tel_attributes_set_string(struct tel_attributes *a, const char *key, const char *value) {
  if (value) tel_attributes_set_text(a, key, value, strlen(value));
}

void tel_attributes_set_static(struct tel_attributes *a, const char *key, const char *value) {
  struct tel_attribute *pair = value ? claim(a, key, TEL_STRING) : NULL;
  if (!pair) return;
  pair->value.string.data = value;
  pair->value.string.len = utf8_cut(value, strlen(value), a->value_limit);
}

void tel_attributes_set_int(struct tel_attributes *a, const char *key, int64_t value) {
  struct tel_attribute *pair = claim(a, key, TEL_INT);
  if (pair) pair->value.integer = value;
}

void tel_attributes_set_double(struct tel_attributes *a, const char *key, double value) {
  struct tel_attribute *pair = claim(a, key, TEL_DOUBLE);
  if (pair) pair->value.real = value;
}

void tel_attributes_set_bool(struct tel_attributes *a, const char *key, bool value) {
  struct tel_attribute *pair = claim(a, key, TEL_BOOL);
  if (pair) pair->value.integer = value;
}

const struct tel_attribute *tel_attributes_find(const struct tel_attributes *a, const char *key) {
  return a && key ? find(a, key, strlen(key)) : NULL;
}
