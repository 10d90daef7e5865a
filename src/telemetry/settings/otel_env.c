/* SPDX-License-Identifier: MIT */
#include "telemetry/settings/otel_env.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "telemetry/settings/keyvalues.h"

void tel_env_say(const struct tel_env *env, const struct tel_row *row, const char *format, ...) {
  char text[640];
  if (!env->warn) return;
  va_list args;
  va_start(args, format);
  int len = snprintf(text, sizeof text, "%s: ", row->variable.name);
  vsnprintf(text + len, sizeof text - (size_t)len, format, args);
  va_end(args);
  env->warn(env->warn_cls, text);
}

bool tel_env_refuse(const struct tel_env *env, const struct tel_row *row, const char *text) {
  char shown[TEXT_SHOWN_SIZE];
  tel_env_say(env, row, "invalid value '%s' (%s); the variable is ignored",
              text_show(text, strlen(text), shown), row->variable.takes);
  return false;
}

const char *tel_env_get(struct tel_env *env, const char *name) {
  const char *whole = env->get(env->get_cls, name), *begin;
  size_t len = whole ? text_trim(whole, strlen(whole), &begin) : 0;
  if (len == 0) return NULL;
  if (len >= sizeof env->value) {
    const struct tel_row row = {.variable = {.name = name}};
    tel_env_say(env, &row, "longer than %zu bytes; the variable is ignored", sizeof env->value - 1);
    return NULL;
  }
  memcpy(env->value, begin, len);
  env->value[len] = '\0';
  return env->value;
}

int tel_env_word(const char *text, size_t len, const char *const *words, int count) {
  for (int i = 0; i < count; i++)
    if (strlen(words[i]) == len && text_same_start(text, words[i], len)) return i;
  return -1;
}

bool tel_env_number(struct tel_env *env, const struct tel_row *row, const char *text,
                    struct tel_tracing_settings *settings) {
  char *end;
  errno = 0;
  unsigned long long number = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || errno || number < row->least || number > row->most)
    return tel_env_refuse(env, row, text);
  uint32_t value = (uint32_t)number;
  memcpy((char *)settings + row->offset, &value, sizeof value);
  return true;
}

bool tel_env_text(struct tel_env *env, const struct tel_row *row, const char *text,
                  struct tel_tracing_settings *settings) {
  size_t len = strlen(text);
  if (len >= row->size) {
    tel_env_say(env, row, "longer than %zu bytes; the variable is ignored", row->size - 1);
    return false;
  }
  memcpy((char *)settings + row->offset, text, len + 1);
  return true;
}

struct pairs {
  const struct tel_env *env;
  const struct tel_row *row;
  const char *(*check)(const char *key, const char *value);
};

static const char *check_pair(void *cls, const char *key, const char *value) {
  const struct pairs *pairs = cls;
  return pairs->check ? pairs->check(key, value) : NULL;
}

static void tell_pair(void *cls, unsigned position, const char *key, const char *why) {
  const struct pairs *pairs = cls;
  tel_env_say(pairs->env, pairs->row, "pair %u%s%s%s is left out: %s; the other pairs are kept", position,
              *key ? " (" : "", key, *key ? ")" : "", why);
}

bool tel_env_pairs(struct tel_env *env, const struct tel_row *row, const char *text,
                   struct tel_tracing_settings *settings,
                   const char *(*check)(const char *key, const char *value)) {
  char kept[TEL_KEYVALUES_SIZE];
  struct pairs pairs = {env, row, check};
  tel_keyvalues_keep(text, kept, check_pair, tell_pair, &pairs);
  if (!*kept) return false;
  strcpy((char *)settings + row->offset, kept);
  return true;
}
