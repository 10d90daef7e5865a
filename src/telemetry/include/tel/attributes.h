/* SPDX-License-Identifier: MIT */
/* A list of typed key-value pairs of a span, an event or a log record. Setting a pair copies key and value
 * and encodes them for export: as OTLP, or as JSON for the fields of a log record. Setting a key again
 * replaces its value in place. Pairs beyond the limit are discarded and counted, as OpenTelemetry's SDK
 * specification requires. Text that is not UTF-8 is repaired: U+FFFD replaces each ill-formed part. Up to 32
 * pairs need no allocation if their encoding fits into 1.4 KiB (in a log record: 1 KiB); a larger list uses
 * the heap. Not thread-safe: one owner at a time. Every setter accepts a NULL list ("not recording") and
 * does nothing. A key that is NULL or empty sets nothing either. */
#ifndef TEL_ATTRIBUTES_H
#define TEL_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tel/api.h>

TEL_BEGIN

enum { TEL_ATTRIBUTES_INLINE = 32, TEL_ATTRIBUTES_TEXT = 1536, TEL_KEY_SIZE = 46 };

enum tel_type { TEL_STRING, TEL_BOOL, TEL_INT, TEL_DOUBLE };

/* A pair that tel_attributes_find() returns. */
struct tel_attribute {
  const char *key;
  uint32_t key_len;
  enum tel_type type;
  union {
    struct {
      const char *data; /* not NUL-terminated; UTF-8 */
      size_t len;
    } string;
    int64_t integer; /* TEL_INT, and TEL_BOOL as 0 or 1 */
    double real;
  } value;
};

/* A key that the compiler encodes for OTLP and for JSON:
 *   static const struct tel_key ORDER_ID = TEL_KEY("shop.order.id");
 * The key must be a literal of at most 45 bytes of plain ASCII, without quotes and backslashes. */
struct tel_key {
  uint32_t id;
  uint8_t tag, len; /* with text: the key in OTLP */
  char text[TEL_KEY_SIZE];
  uint8_t json_len;
  char json[TEL_KEY_SIZE + 5];
};
#define TEL_KEY(literal)                                                                                     \
  { TEL_KEY_ID(literal), 0x0A, TEL_KEY_LEN_(literal), literal, sizeof(literal) + 3, ",\"" literal "\":" }
/* The compiler rejects a longer key: the array would have a negative size. */
#define TEL_KEY_LEN_(l) (sizeof(char[sizeof(l) <= TEL_KEY_SIZE ? 1 : -1]) * (sizeof(l) - 1))
/* A hash of the key's first four characters, last eight characters and length. */
#define TEL_KEY_ID(l)                                                                                        \
  ((((TEL_KEY_FIRST_(l, 3) << 24 | TEL_KEY_FIRST_(l, 2) << 16 | TEL_KEY_FIRST_(l, 1) << 8 |                  \
      TEL_KEY_FIRST_(l, 0)) *                                                                                \
         0x9E3779B1u ^                                                                                       \
     (TEL_KEY_LAST_(l, 5) << 24 | TEL_KEY_LAST_(l, 6) << 16 | TEL_KEY_LAST_(l, 7) << 8 |                     \
      TEL_KEY_LAST_(l, 8)) *                                                                                 \
         0x85EBCA77u ^                                                                                       \
     (TEL_KEY_LAST_(l, 1) << 24 | TEL_KEY_LAST_(l, 2) << 16 | TEL_KEY_LAST_(l, 3) << 8 |                     \
      TEL_KEY_LAST_(l, 4)) *                                                                                 \
         0xC2B2AE3Du) +                                                                                      \
    (sizeof(l) - 1) * 0x27D4EB2Fu) &                                                                         \
   0xFFFFFFFFu)
/* No casts, because C++ programs may forbid those of C. */
#define TEL_KEY_FIRST_(l, i) (0u + (0xFF & (sizeof(l) > (i) ? (l)[sizeof(l) > (i) ? (i) : 0] : 0)))
#define TEL_KEY_LAST_(l, i)                                                                                  \
  (0u + (0xFF & (sizeof(l) > (i) ? (l)[sizeof(l) > (i) ? sizeof(l) - 1 - (i) : 0] : 0)))

/* The position of a pair. */
struct tel_place {
  uint32_t id; /* of the key */
  uint32_t at;
};

struct tel_attributes {
  uint32_t count;
  uint32_t limit;       /* pairs */
  uint32_t value_limit; /* characters of a string value; UINT32_MAX: no limit */
  uint32_t dropped;     /* pairs discarded by the limit, or because memory ran out */
  /* The rest is internal. */
  uint32_t tag;              /* before each pair; 0: JSON */
  uint32_t start, end, size; /* of bytes; the space before start is reserved */
  uint64_t seen;             /* one bit per key; keys may share a bit */
  unsigned char *bytes;      /* text, or on the heap */
  struct tel_place *places;  /* first, or on the heap */
  uint32_t place_size;
  char *found_text; /* the decoded text of found, or NULL */
  struct tel_attribute found;
  struct tel_place first[TEL_ATTRIBUTES_INLINE];
  unsigned char text[TEL_ATTRIBUTES_TEXT];
};

/* Makes an empty list. limit in pairs, value_limit in characters. The struct must not be moved afterwards. */
TEL_API void tel_attributes_init(struct tel_attributes *a, uint32_t limit, uint32_t value_limit);
/* Empties the list and frees its heap memory. The list can be used again. */
TEL_API void tel_attributes_clear(struct tel_attributes *a);

/* Sets a value of len bytes. A value above the value limit is cut between two characters. */
TEL_API void tel_attributes_set_text(struct tel_attributes *a, const char *key, const char *value,
                                     size_t len);
/* Sets a NUL-terminated value; a NULL value sets nothing. */
TEL_API void tel_attributes_set_string(struct tel_attributes *a, const char *key, const char *value);
/* The same as tel_attributes_set_string(): every value is copied. */
TEL_API void tel_attributes_set_static(struct tel_attributes *a, const char *key, const char *value);
TEL_API void tel_attributes_set_int(struct tel_attributes *a, const char *key, int64_t value);
TEL_API void tel_attributes_set_double(struct tel_attributes *a, const char *key, double value);
TEL_API void tel_attributes_set_bool(struct tel_attributes *a, const char *key, bool value);

/* The same with a prepared key. They are faster. */
TEL_API void tel_attributes_put_text(struct tel_attributes *a, const struct tel_key *key, const char *value,
                                     size_t len);
TEL_API void tel_attributes_put_string(struct tel_attributes *a, const struct tel_key *key,
                                       const char *value);
TEL_API void tel_attributes_put_int(struct tel_attributes *a, const struct tel_key *key, int64_t value);
TEL_API void tel_attributes_put_double(struct tel_attributes *a, const struct tel_key *key, double value);
TEL_API void tel_attributes_put_bool(struct tel_attributes *a, const struct tel_key *key, bool value);

/* Returns the pair with this key, or NULL (also when out of memory). It is valid until the list changes or is
 * searched again. In a log record, a double without decimals is returned as TEL_INT, because the value is
 * read from JSON. */
TEL_API const struct tel_attribute *tel_attributes_find(const struct tel_attributes *a, const char *key);

TEL_END

#endif
