/* SPDX-License-Identifier: MIT */
#include "app/config_value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "telemetry/settings/tracing_settings.h"

const char *app_value_show_url(const char *url, char out[TEL_ENDPOINT_SHOWN_SIZE]) {
  return strpbrk(url, "@?#") ? tel_endpoint_show(url, out) : url;
}

/* Describes the allowed values of the key, for messages. */
static void describe(const struct app_key *key, char *out, size_t size) {
  static const char url[] = "an http or https URL without a query, such as \"http://localhost:4318\"";
  static const char *const always[] = {[APP_ADDRESS] =
                                           "an address and port such as \"127.0.0.1:8080\" or \"[::1]:8080\"",
                                       [APP_NAME] = "a name in quotes",
                                       [APP_PATH] = "a file name in quotes",
                                       [APP_OUTPUT] = "a file name in quotes, or \"syslog\"",
                                       [APP_URL] = url,
                                       [APP_BOOL] = "true or false"};
  switch (key->type) {
  case APP_CHOICE: {
    int len = snprintf(out, size, "one of ");
    for (size_t i = 0; key->choice(i) && (size_t)len < size; i++)
      len += snprintf(out + len, size - (size_t)len, "%s\"%s\"", i ? ", " : "", key->choice(i));
    break;
  }
  case APP_WHOLE:
    snprintf(out, size, "a whole number from %.0f to %.0f", key->min, key->max);
    break;
  case APP_MEMORY:
    snprintf(out, size, "0 (off) or a number of bytes from %.0f to %.0f", key->min, key->max);
    break;
  case APP_REAL:
    snprintf(out, size, "a number from %.15g to %.15g", key->min, key->max);
    break;
  case APP_REALS:
    snprintf(out, size, "1 to %d ascending positive numbers such as [0.1, 0.5, 1.0]", APP_REALS_MAX);
    break;
  default:
    if (key->type == APP_NAME && key->max > 0)
      snprintf(out, size, "one word of at most %.0f bytes in quotes", key->max);
    else
      snprintf(out, size, "%s", always[key->type]);
  }
}

static void show(const struct app_key *key, const struct app_value *value, char *out, size_t size) {
  bool whole = key->type == APP_WHOLE || key->type == APP_MEMORY;
  char url[TEL_ENDPOINT_SHOWN_SIZE];
  switch (value->kind) {
  case APP_VALUE_BOOL:
    snprintf(out, size, "%s", value->boolean ? "true" : "false");
    break;
  case APP_VALUE_WHOLE:
    snprintf(out, size, "%lld", (long long)value->whole);
    break;
  case APP_VALUE_REAL:
    /* Without its point, 1.0 would look like the whole number that the setting takes. */
    snprintf(out, size,
             whole && floor(value->real) == value->real && fabs(value->real) < 1e15 ? "%.1f" : "%.15g",
             value->real);
    break;
  case APP_VALUE_TEXT: {
    const char *text = key->type == APP_URL ? app_value_show_url(value->text, url) : value->text;
    snprintf(out, size, "\"%.99s%s\"", text, strlen(text) > 99 ? "..." : "");
    break;
  }
  case APP_VALUE_REALS:
    snprintf(out, size, "%s", value->reals.count ? "a list of numbers" : "an empty list");
    break;
  case APP_VALUE_GROUP:
    snprintf(out, size, "a group or a list");
    break;
  }
}

static int refuse(const struct app_key *key, const struct app_value *value, struct error *error) {
  char takes[400], got[200];
  describe(key, takes, sizeof takes);
  show(key, value, got, sizeof got);
  error_set(error, "%s takes %s, not %s", key->path, takes, got);
  return -1;
}

/* Whether the text has no blanks and no control characters. */
static bool is_word(const char *text) {
  for (; *text; text++)
    if ((unsigned char)*text <= ' ' || *text == 0x7f) return false;
  return true;
}

/* Whether the exporter can send to it. If memory runs out, setting up tracing will tell. */
static bool is_url(const char *text) {
  struct tel_tracing_settings settings;
  return is_word(text) && tel_tracing_settings_endpoint(&settings, text) != TEL_E_VALUE;
}

static int store_reals(struct app_reals *field, const struct app_key *key, const struct app_value *value,
                       struct error *error) {
  char takes[400];
  if (value->kind != APP_VALUE_REALS || value->reals.count == 0) return refuse(key, value, error);
  for (size_t i = 0; i < value->reals.count; i++) {
    double number = value->reals.values[i], before = i ? value->reals.values[i - 1] : 0;
    if (isfinite(number) && number > before) continue;
    describe(key, takes, sizeof takes);
    error_set(error, "%s takes %s; number %zu, %.15g, is not above %.15g", key->path, takes, i + 1, number,
              before);
    return -1;
  }
  *field = value->reals;
  return 0;
}

static int store_choice(size_t *field, const struct app_key *key, const struct app_value *value,
                        struct error *error) {
  for (size_t i = 0; value->kind == APP_VALUE_TEXT && key->choice(i); i++) {
    if (strcasecmp(key->choice(i), value->text) != 0) continue;
    *field = i;
    return 0;
  }
  return refuse(key, value, error);
}

int app_value_copy(const char *name, const char *directory, const char *text, char out[APP_TEXT_SIZE],
                   struct error *error) {
  bool relative = directory && *text && *text != '/';
  if (relative && !*directory) {
    error_set(error,
              "%s: %.200s is relative, but the current directory has no usable name: write the whole path",
              name, text);
    return -1;
  }
  char whole[2 * APP_TEXT_SIZE];
  size_t len =
      (size_t)snprintf(whole, sizeof whole, "%s%s%s", relative ? directory : "", relative ? "/" : "", text);
  if (len >= APP_TEXT_SIZE) {
    error_set(error, "%s is longer than %d bytes", name, APP_TEXT_SIZE - 1);
    return -1;
  }
  memcpy(out, whole, len + 1);
  return 0;
}

/* Stores a value of any text type. */
static int store_text(char *field, const struct app_key *key, const struct app_value *value,
                      const char *directory, struct error *error) {
  const char *text = value->text;
  if (value->kind != APP_VALUE_TEXT) return refuse(key, value, error);
  if (strchr(text, '\n')) {
    error_set(error, "%s holds the end of a line; is its closing quote missing?", key->path);
    return -1;
  }
  bool bad_url = key->type == APP_URL && !is_url(text);
  bool bad_word =
      key->type == APP_NAME && key->max > 0 && (!is_word(text) || strlen(text) > (size_t)key->max);
  if (bad_url || bad_word) return refuse(key, value, error);
  bool is_file = key->type == APP_PATH || (key->type == APP_OUTPUT && strcmp(text, "syslog") != 0);
  return app_value_copy(key->path, is_file ? directory : NULL, text, field, error);
}

int app_value_store(struct app_config *config, const struct app_key *key, const struct app_value *value,
                    const char *directory, struct error *error) {
  void *field = (char *)config + key->offset;
  double number = value->kind == APP_VALUE_WHOLE ? (double)value->whole : value->real;
  bool in_range = number >= key->min && number <= key->max; /* false for NaN */
  if (value->kind == APP_VALUE_WHOLE)                       /* a double cannot hold every 64-bit integer */
    in_range = in_range && value->whole <= (int64_t)key->max;
  switch (key->type) {
  case APP_BOOL:
    if (value->kind != APP_VALUE_BOOL) return refuse(key, value, error);
    *(bool *)field = value->boolean;
    return 0;
  case APP_WHOLE:
  case APP_MEMORY:
    if (value->kind != APP_VALUE_WHOLE || (!in_range && !(key->type == APP_MEMORY && value->whole == 0)))
      return refuse(key, value, error);
    *(uint64_t *)field = (uint64_t)value->whole;
    return 0;
  case APP_REAL:
    if ((value->kind != APP_VALUE_WHOLE && value->kind != APP_VALUE_REAL) || !in_range)
      return refuse(key, value, error);
    *(double *)field = number == 0 ? 0 : number; /* -0 is 0 */
    return 0;
  case APP_REALS:
    return store_reals(field, key, value, error);
  case APP_CHOICE:
    return store_choice(field, key, value, error);
  case APP_ADDRESS:
    if (value->kind != APP_VALUE_TEXT) return refuse(key, value, error);
    if (address_parse(value->text, field, error) == 0) return 0;
    error_set(error, "%s: %s", key->path, error->text);
    return -1;
  default:
    return store_text(field, key, value, directory, error);
  }
}

static const char *skip_space(const char *at) {
  while (isspace((unsigned char)*at)) at++;
  return at;
}

/* Accepts decimal numbers only: strtod() would also accept hexadecimal, "nan" and "infinity". */
static bool read_real(const char **at, double *out) {
  const char *from = skip_space(*at);
  char *end;
  if (strspn(from, "0123456789.+-eE") == 0) return false;
  *out = strtod(from, &end);
  if (end == from || strspn(from, "0123456789.+-eE") < (size_t)(end - from)) return false;
  *at = skip_space(end);
  return true;
}

static bool read_reals(const char *at, struct app_reals *out) {
  at = skip_space(at);
  bool bracketed = *at == '[';
  if (bracketed) at++;
  for (out->count = 0; out->count < APP_REALS_MAX;) {
    if (!read_real(&at, &out->values[out->count])) return false;
    out->count++;
    if (*at != ',') break;
    at++;
  }
  if (bracketed && *at == ']') at = skip_space(at + 1);
  return !*at;
}

int app_value_store_text(struct app_config *config, const struct app_key *key, const char *text,
                         const char *directory, struct error *error) {
  struct app_value value = {.kind = APP_VALUE_TEXT, .text = text};
  const char *at = text;
  char *end;
  switch (key->type) {
  case APP_BOOL:
    value.boolean = strcasecmp(text, "true") == 0;
    if (value.boolean || strcasecmp(text, "false") == 0) value.kind = APP_VALUE_BOOL;
    break;
  case APP_WHOLE:
  case APP_MEMORY:
    errno = 0;
    value.whole = strtoll(text, &end, 10);
    if (end != text && !*end && errno == 0) value.kind = APP_VALUE_WHOLE;
    break;
  case APP_REAL:
    if (read_real(&at, &value.real) && !*at) value.kind = APP_VALUE_REAL;
    break;
  case APP_REALS:
    if (read_reals(text, &value.reals)) value.kind = APP_VALUE_REALS;
    break;
  default:
    break;
  }
  return app_value_store(config, key, &value, directory, error);
}
