#include "telemetry/keyvalues.h"

#include <string.h>

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Decodes in place. */
static bool decode(char *text) {
  char *to = text;
  for (const char *from = text; *from; from++) {
    if (*from != '%') {
      *to++ = *from;
      continue;
    }
    int high = digit(from[1]), low = high < 0 ? -1 : digit(from[2]);
    if (low < 0 || (high | low) == 0) return false;
    *to++ = (char)(high << 4 | low);
    from += 2;
  }
  *to = '\0';
  return true;
}

static char *trim(char *text) {
  text += strspn(text, " \t");
  for (size_t len = strlen(text); len > 0 && strchr(" \t", text[len - 1]);) text[--len] = '\0';
  return text;
}

bool tel_keyvalues_read(const char *text, tel_keyvalue_fn *each, void *cls) {
  char copy[TEL_KEYVALUES_SIZE];
  size_t len = strnlen(text, sizeof copy);
  if (len == sizeof copy) return false;
  memcpy(copy, text, len + 1);
  for (char *member = copy, *next; member; member = next) {
    if ((next = strchr(member, ','))) *next++ = '\0';
    member = trim(member);
    if (!*member) continue;
    char *value = strchr(member, '=');
    if (!value) return false;
    *value++ = '\0';
    member = trim(member);
    value = trim(value);
    if (!*member || !decode(member) || !decode(value)) return false;
    if (each && !each(cls, member, value)) return false;
  }
  return true;
}
