/* A list of typed key-value pairs: what a span, an event and a log record carry.
 * Keys are static strings (they are not copied). Setting a key again replaces its value.
 * Beyond the limit a pair is discarded and counted, as OpenTelemetry's SDK specification demands.
 * Usually allocates nothing: 32 pairs and 1 KiB of text lie inside; more goes to the heap.
 * Not thread-safe: one owner at a time. Every setter takes a NULL list and does nothing: "not recording". */
#ifndef TEL_ATTRIBUTES_H
#define TEL_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tel/api.h>

TEL_BEGIN

enum { TEL_ATTRIBUTES_INLINE = 32, TEL_ATTRIBUTES_TEXT = 1024 };

enum tel_type { TEL_STRING, TEL_BOOL, TEL_INT, TEL_DOUBLE };

struct tel_attribute {
  const char *key; /* static storage */
  uint32_t key_len;
  enum tel_type type;
  bool on_heap; /* string was allocated for this pair alone */
  union {
    struct {
      const char *data; /* not NUL-terminated; any bytes: encoders repair what is not UTF-8 */
      size_t len;
    } string;
    int64_t integer; /* TEL_INT, and TEL_BOOL as 0 or 1 */
    double real;
  } value;
};

struct tel_attributes {
  struct tel_attribute *items; /* first, or an array on the heap */
  uint32_t count;
  uint32_t limit;       /* pairs */
  uint32_t value_limit; /* characters of a string value; UINT32_MAX: none */
  uint32_t dropped;     /* pairs discarded by the limit or for want of memory */
  uint32_t text_used;
  struct tel_attribute first[TEL_ATTRIBUTES_INLINE];
  char text[TEL_ATTRIBUTES_TEXT];
};

/* Makes an empty list. limit in pairs, value_limit in characters. The struct must not be moved afterwards. */
TEL_API void tel_attributes_init(struct tel_attributes *a, uint32_t limit, uint32_t value_limit);
/* Empties it and releases what is on the heap; it can be used again. */
TEL_API void tel_attributes_clear(struct tel_attributes *a);

/* Copies len bytes of value, cut at the value limit between two characters. */
TEL_API void tel_attributes_set_text(struct tel_attributes *a, const char *key, const char *value,
                                     size_t len);
/* Copies a NUL-terminated value; a NULL value sets nothing. */
TEL_API void tel_attributes_set_string(struct tel_attributes *a, const char *key, const char *value);
/* As set_string, but the value lives at least as long as the list (a literal, a table): it is not copied. */
TEL_API void tel_attributes_set_static(struct tel_attributes *a, const char *key, const char *value);
TEL_API void tel_attributes_set_int(struct tel_attributes *a, const char *key, int64_t value);
TEL_API void tel_attributes_set_double(struct tel_attributes *a, const char *key, double value);
TEL_API void tel_attributes_set_bool(struct tel_attributes *a, const char *key, bool value);

/* The pair of that key, or NULL. */
TEL_API const struct tel_attribute *tel_attributes_find(const struct tel_attributes *a, const char *key);

TEL_END

#endif
