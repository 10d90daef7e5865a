#include "telemetry/otel_env.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *tel_env_get(const struct tel_env *env, const char *name) {
  const char *value = env->get(env->get_cls, name);
  return value && *value ? value : NULL;
}

void tel_env_ignored(const struct tel_env *env, const char *name, const char *why) {
  char text[256];
  if (!env->warn) return;
  snprintf(text, sizeof text, "%s is ignored: %s", name, why);
  env->warn(env->warn_cls, text);
}

bool tel_env_bool(const struct tel_env *env, const char *name, bool *out) {
  const char *value = tel_env_get(env, name);
  if (!value) return false;
  *out = strcasecmp(value, "true") == 0;
  if (!*out && strcasecmp(value, "false") != 0) tel_env_ignored(env, name, "neither true nor false");
  return true;
}

bool tel_env_number(const struct tel_env *env, const char *name, uint32_t least, uint32_t *out) {
  const char *value = tel_env_get(env, name);
  if (!value) return false;
  char *end;
  errno = 0;
  const char *digits = value + strspn(value, " \t");
  unsigned long long number = strtoull(digits, &end, 10);
  end += strspn(end, " \t");
  if (*digits < '0' || *digits > '9' || *end || errno || number < least || number > UINT32_MAX) {
    char why[64];
    snprintf(why, sizeof why, "not a whole number from %" PRIu32 " to %" PRIu32, least, UINT32_MAX);
    tel_env_ignored(env, name, why);
    return false;
  }
  *out = (uint32_t)number;
  return true;
}

bool tel_env_text(const struct tel_env *env, const char *name, char *out, size_t size) {
  const char *value = tel_env_get(env, name);
  if (!value) return false;
  size_t len = strlen(value);
  if (len >= size) {
    tel_env_ignored(env, name, "too long");
    return false;
  }
  memcpy(out, value, len + 1);
  return true;
}

bool tel_env_word(const struct tel_env *env, const char *name, const char *const *words, int count,
                  int *out) {
  const char *value = tel_env_get(env, name);
  if (!value) return false;
  for (int i = 0; i < count; i++) {
    if (strcasecmp(value, words[i]) == 0) {
      *out = i;
      return true;
    }
  }
  tel_env_ignored(env, name, "not a value known here");
  return false;
}
