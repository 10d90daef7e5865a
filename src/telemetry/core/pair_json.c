/* SPDX-License-Identifier: MIT */
/* A pair of a log line: ,"key":value. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"
#include "base/escape.h"
#include "base/text.h"
#include "telemetry/core/attributes_private.h"

/* OVERHEAD is more than punctuation, a number and a whole prepared key. */
enum { NUMBER = 32, OVERHEAD = 128 };

#define RESERVED(literal)                                                                                    \
  { TEL_KEY_ID(literal), literal }
static const struct {
  uint32_t id;
  char text[16];
} reserved[] = {TEL_JSON_RESERVED(RESERVED)};
#undef RESERVED

bool tel_json_is_reserved_slowly(const struct tel_name *name) {
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
    if (reserved[i].id == name->id)
      return strlen(reserved[i].text) == name->len && memcmp(reserved[i].text, name->text, name->len) == 0;
  return false;
}

static char *put_key(char *to, const struct tel_name *name) {
  char *end = tel_json_put_short_head(to, name);
  if (end) return end;
  to = TEXT_PUT(to, ",\"");
  to = escape_json(to, name->text, name->len);
  return TEXT_PUT(to, "\":");
}

static size_t write_text(struct tel_attributes *a, const struct tel_name *name, const char *text,
                         size_t len) {
  size_t overhead = OVERHEAD + (name->prepared ? 0 : ESCAPE_JSON_WORST * name->len);
  char *start = (char *)tel_attributes_reserve(a, overhead + len), *to;
  if (!start) return 0;
  to = put_key(start, name);
  *to++ = '"';
  if (escape_json_copy(to, text, len)) {
    to += len;
  } else {
    if (!(start = (char *)tel_attributes_reserve(a, overhead + ESCAPE_JSON_WORST * len))) return 0;
    to = put_key(start, name); /* write the key again, because the memory may have moved */
    *to++ = '"';
    to = escape_json(to, text, len);
  }
  *to++ = '"';
  return (size_t)(to - start);
}

static size_t write_pair(struct tel_attributes *a, const struct tel_name *name, enum tel_type type,
                         const union tel_value *value) {
  if (type == TEL_STRING) return write_text(a, name, value->string.data, value->string.len);
  char *start =
      (char *)tel_attributes_reserve(a, OVERHEAD + (name->prepared ? 0 : ESCAPE_JSON_WORST * name->len));
  if (!start) return 0;
  char *to = put_key(start, name);
  if (type == TEL_BOOL)
    to = value->integer ? TEXT_PUT(to, "true") : TEXT_PUT(to, "false");
  else if (type == TEL_INT)
    to = digits_i64(to, value->integer);
  else
    to = isfinite(value->real) ? digits_double(to, value->real) : TEXT_PUT(to, "null");
  return (size_t)(to - start);
}

/* Returns the quote that ends the string at text. */
static const char *string_end(const char *text) {
  while (*text != '"') text += *text == '\\' ? 2 : 1;
  return text;
}

static bool same_key(const unsigned char *a, const unsigned char *b) {
  const char *x = (const char *)a + 2, *y = (const char *)b + 2; /* after ," */
  size_t len = (size_t)(string_end(x) - x);
  return strncmp(x, y, len + 1) == 0; /* the second may be shorter: strncmp() stops at the first difference */
}

/* Undoes escape_json(); to has room for len bytes. */
static size_t unescape(const char *text, size_t len, char *to) {
  static const char plain[] = "bfnrt\"\\", means[] = "\b\f\n\r\t\"\\";
  char *start = to, digits[5] = "";
  for (const char *end = text + len; text < end;) {
    if (*text != '\\') {
      *to++ = *text++;
      continue;
    }
    const char *kind = strchr(plain, text[1]);
    if (kind) {
      *to++ = means[kind - plain];
      text += 2;
      continue;
    }
    memcpy(digits, text + 2, 4);
    unsigned long code = strtoul(digits, NULL, 16);
    if (code < 0x80) {
      *to++ = (char)code;
    } else {
      /* With its NUL, the text is shorter than the escape. */
      to = stpcpy(to, code == 0x85 ? "\xC2\x85" : code == 0x2028 ? "\xE2\x80\xA8" : "\xE2\x80\xA9");
    }
    text += 6;
  }
  return (size_t)(to - start);
}

/* Returns the decoded string that begins at text. If it has escapes, decodes it to *to and advances *to. */
static const char *read_text(const char *text, size_t *len, char **to) {
  *len = (size_t)(string_end(text) - text);
  if (!memchr(text, '\\', *len)) return text;
  const char *decoded = *to;
  *len = unescape(text, *len, *to);
  *to += *len;
  return decoded;
}

static bool read_pair(const unsigned char *pair, size_t size, struct tel_attribute *out, char **memory) {
  const char *key = (const char *)pair + 2, *value = string_end(key) + 2;
  size_t len = size - (size_t)(value - (const char *)pair);
  char *to = NULL;
  if (memchr(pair, '\\', size) && !(to = *memory = malloc(size))) return false;
  *out = (struct tel_attribute){0};
  out->key = read_text(key, &out->value.string.len, &to);
  out->key_len = (uint32_t)out->value.string.len;
  if (*value == '"') {
    out->value.string.data = read_text(value + 1, &out->value.string.len, &to);
    return true;
  }
  char number[NUMBER + 1] = "";
  memcpy(number, value, len < NUMBER ? len : NUMBER);
  if (*number == 't' || *number == 'f') {
    out->type = TEL_BOOL;
    out->value.integer = *number == 't';
  } else if (*number == 'n') {
    out->type = TEL_DOUBLE;
    out->value.real = NAN;
  } else if (strpbrk(number, ".e")) {
    out->type = TEL_DOUBLE;
    out->value.real = digits_read_double(number, NULL);
  } else {
    out->type = TEL_INT;
    out->value.integer = strtoll(number, NULL, 10);
  }
  return true;
}

const struct tel_form tel_form_json = {write_pair, same_key, read_pair};
