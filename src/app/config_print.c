/* SPDX-License-Identifier: MIT */
#include "app/config_print.h"

#include <string.h>

#include "app/config_value.h"
#include "base/digits.h"

static void print_text(const char *text, FILE *out) {
  putc('"', out);
  for (; *text; text++)
    if (*text == '"' || *text == '\\')
      fprintf(out, "\\%c", *text);
    else if ((unsigned char)*text < ' ' || *text == 0x7f)
      fprintf(out, "\\x%02x", (unsigned char)*text);
    else
      putc(*text, out);
  putc('"', out);
}

/* Prints a point or an exponent, because the file's syntax requires one in a list of floating-point numbers.
 * Reading the text back gives the same number. */
static void print_real(double value, FILE *out) {
  char text[DIGITS_DOUBLE_MAX + 1];
  *digits_double(text, value) = '\0';
  fprintf(out, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

void app_config_print_value(const struct app_config *config, const struct app_key *key, FILE *out) {
  const void *field = (const char *)config + key->offset;
  switch (key->type) {
  case APP_BOOL:
    fputs(*(const bool *)field ? "true" : "false", out);
    break;
  case APP_WHOLE:
  case APP_MEMORY:
    fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)field);
    break;
  case APP_REAL:
    print_real(*(const double *)field, out);
    break;
  case APP_CHOICE:
    print_text(key->choice(*(const size_t *)field), out);
    break;
  case APP_ADDRESS: {
    char text[ADDRESS_TEXT_SIZE];
    print_text(address_text(field, text), out);
    break;
  }
  case APP_REALS: {
    const struct app_reals *reals = field;
    for (size_t i = 0; i < reals->count; i++) {
      fputs(i ? ", " : "[", out);
      print_real(reals->values[i], out);
    }
    fputs("]", out);
    break;
  }
  case APP_URL: {
    char shown[TEL_ENDPOINT_SHOWN_SIZE];
    print_text(app_value_show_url(field, shown), out);
    break;
  }
  default:
    print_text(field, out);
  }
}

static bool hides_a_part(const struct app_config *config, const struct app_key *key) {
  char shown[TEL_ENDPOINT_SHOWN_SIZE];
  const char *url = (const char *)config + key->offset;
  return key->type == APP_URL && app_value_show_url(url, shown) != url;
}

void app_config_print(const struct app_config *config, const struct app_sources *sources, FILE *out) {
  char group[APP_VARIABLE_SIZE] = "", origin[APP_ORIGIN_SIZE];
  for (size_t i = 0; i < APP_KEY_COUNT; i++) {
    const struct app_key *key = &app_keys[i];
    const char *dot = strchr(key->path, '.');
    size_t len = dot ? (size_t)(dot - key->path) : 0;
    if (strlen(group) != len || strncmp(group, key->path, len) != 0) {
      if (*group) fputs("};\n", out);
      snprintf(group, sizeof group, "%.*s", (int)len, key->path);
      if (*group) fprintf(out, "%s = {\n", group);
    }
    fprintf(out, "%s%s = ", *group ? "  " : "", dot ? dot + 1 : key->path);
    app_config_print_value(config, key, out);
    fprintf(out, "; # %s%s", config->origin[i].source == APP_FROM_ENVIRONMENT ? "the environment, " : "",
            app_config_origin(config, sources, (enum app_key_id)i, origin));
    fputs(hides_a_part(config, key) ? "; user and password are not shown\n" : "\n", out);
  }
  if (*group) fputs("};\n", out);
}
