/* SPDX-License-Identifier: MIT */
#include "telemetry/settings/keyvalues.h"

#include <string.h>

#include "base/hex.h"
#include "base/text.h"

/* Decodes in place. */
static bool decode(char *text) {
  char *to = text;
  for (const char *from = text; *from; from++) {
    if (*from != '%') {
      *to++ = *from;
      continue;
    }
    int high = hex_digit(from[1]), low = high < 0 ? -1 : hex_digit(from[2]);
    if (low < 0 || (high | low) == 0) return false;
    *to++ = (char)(high << 4 | low);
    from += 2;
  }
  *to = '\0';
  return true;
}

/* Trims in place. */
static char *trim(char *text) {
  const char *begin;
  size_t len = text_trim(text, strlen(text), &begin);
  char *from = text + (begin - text);
  from[len] = '\0';
  return from;
}

/* The part of a key that a message may show. The whole key may be a secret, as in "Authorization: Bearer x".
 */
static const char *show_key(const char *key, char out[TEXT_SHOWN_SIZE]) {
  size_t len = 0;
  while (text_is_alnum(key[len]) || (key[len] && strchr("._-/", key[len]))) len++;
  return text_show(key, len, out);
}

/* Reads one member and changes its text. Returns the error, or NULL. */
static const char *read_member(char *member, tel_keyvalue_fn *take, void *cls, char shown[TEXT_SHOWN_SIZE]) {
  char *value = strchr(member, '=');
  if (!value) return "it has no equals sign; a comma inside a value is written %2C";
  *value++ = '\0';
  char *key = trim(member);
  value = trim(value);
  show_key(key, shown);
  if (!*key) return "it has no key before its equals sign";
  if (!decode(key))
    return "its key has a \"%\" that is not followed by two hexadecimal digits of a character";
  show_key(key, shown);
  if (!decode(value))
    return "its value has a \"%\" that is not followed by two hexadecimal digits of a character; a \"%\" "
           "itself is written %25";
  return take ? take(cls, key, value) : NULL;
}

bool tel_keyvalues_keep(const char *text, char out[TEL_KEYVALUES_SIZE], tel_keyvalue_fn *take,
                        tel_keyvalue_bad_fn *bad, void *cls) {
  bool good = true;
  size_t used = 0;
  unsigned position = 0;
  out[0] = '\0';
  for (size_t size; *text; text += size + (text[size] == ',')) {
    char copy[TEL_KEYVALUES_SIZE], shown[TEXT_SHOWN_SIZE] = "";
    const char *member, *why = "the list is longer than 4095 bytes";
    size = strcspn(text, ",");
    size_t len = text_trim(text, size, &member);
    if (len == 0) continue;
    position++;
    if (used + (used > 0) + len < TEL_KEYVALUES_SIZE) {
      memcpy(copy, member, len);
      copy[len] = '\0';
      why = read_member(copy, take, cls, shown);
    }
    if (!why) {
      if (used) out[used++] = ',';
      memcpy(out + used, member, len);
      out[used += len] = '\0';
      continue;
    }
    good = false;
    if (bad) bad(cls, position, shown, why);
  }
  return good;
}

bool tel_keyvalues_read(const char *text, tel_keyvalue_fn *take, tel_keyvalue_bad_fn *bad, void *cls) {
  char kept[TEL_KEYVALUES_SIZE];
  return tel_keyvalues_keep(text, kept, take, bad, cls);
}
