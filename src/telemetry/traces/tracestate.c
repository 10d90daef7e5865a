/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tel/context.h"

enum { MEMBERS = 32, KEY_LENGTH = 256, VALUE_LENGTH = 256 };

static bool is_key_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_key(const char *key, size_t len) {
  if (len == 0 || len > KEY_LENGTH || !is_key_start(key[0])) return false;
  for (size_t i = 1; i < len; i++)
    if (!is_key_start(key[i]) && (key[i] == '\0' || !strchr("_*/@-", key[i]))) return false;
  return true;
}

/* Printable characters without comma and equals sign; the caller has removed blanks around it. */
static bool is_value(const char *value, size_t len) {
  if (len == 0 || len > VALUE_LENGTH) return false;
  for (size_t i = 0; i < len; i++)
    if (value[i] < 0x20 || value[i] > 0x7e || value[i] == '=') return false;
  return true;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* Whether state has this key. Also counts its members. */
static bool has_key(const char *state, const char *key, size_t len, unsigned *members) {
  bool found = false;
  for (*members = 0; *state; ++*members) {
    size_t member = strcspn(state, ",");
    found = found || (member > len && state[len] == '=' && memcmp(state, key, len) == 0);
    state += member;
    if (*state == ',') state++;
  }
  return found;
}

static bool append_member(char state[TEL_TRACESTATE_SIZE], const char *member, size_t len) {
  const char *equals = memchr(member, '=', len);
  unsigned members;
  if (!equals) return false;
  size_t key_len = (size_t)(equals - member);
  if (!is_key(member, key_len) || !is_value(equals + 1, len - key_len - 1)) return false;
  if (has_key(state, member, key_len, &members)) return true;
  size_t used = strlen(state), comma = members > 0;
  if (members == MEMBERS || used + comma + len >= TEL_TRACESTATE_SIZE) return false;
  if (comma) state[used++] = ',';
  memcpy(state + used, member, len);
  state[used + len] = '\0';
  return true;
}

bool tel_tracestate_append(char state[TEL_TRACESTATE_SIZE], const char *value, size_t len) {
  if (!state || !value) return state != NULL;
  const char *end = value + len;
  while (value < end) {
    const char *comma = memchr(value, ',', (size_t)(end - value));
    const char *next = comma ? comma + 1 : end, *last = comma ? comma : end;
    while (value < last && is_blank(*value)) value++;
    while (value < last && is_blank(last[-1])) last--;
    if (value < last && !append_member(state, value, (size_t)(last - value))) return false;
    value = next;
  }
  return true;
}
