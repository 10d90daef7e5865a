/* SPDX-License-Identifier: MIT */
#include "app/config_file.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_hint.h"
#include "app/config_text.h"
#include "app/config_value.h"

/* The state that all levels of the file share. */
struct reader {
  struct app_config *config;
  const char *name, *directory;
  bool incident;
  struct error *error;
};

static void read_value(config_setting_t *setting, struct app_value *value) {
  switch (config_setting_type(setting)) {
  case CONFIG_TYPE_BOOL:
    value->kind = APP_VALUE_BOOL;
    value->boolean = config_setting_get_bool(setting);
    break;
  case CONFIG_TYPE_INT:
  case CONFIG_TYPE_INT64:
    value->kind = APP_VALUE_WHOLE;
    value->whole = config_setting_get_int64(setting);
    break;
  case CONFIG_TYPE_FLOAT:
    value->kind = APP_VALUE_REAL;
    value->real = config_setting_get_float(setting);
    break;
  case CONFIG_TYPE_STRING:
    value->kind = APP_VALUE_TEXT;
    value->text = config_setting_get_string(setting);
    break;
  default: {
    int count = config_setting_length(setting);
    bool numbers = config_setting_type(setting) != CONFIG_TYPE_GROUP && count <= APP_REALS_MAX;
    for (int i = 0; numbers && i < count; i++) {
      config_setting_t *item = config_setting_get_elem(setting, (unsigned)i);
      numbers = config_setting_is_number(item);
      value->reals.values[i] = config_setting_type(item) == CONFIG_TYPE_FLOAT
                                   ? config_setting_get_float(item)
                                   : (double)config_setting_get_int64(item);
    }
    value->reals.count = numbers ? (size_t)count : 0;
    value->kind = numbers ? APP_VALUE_REALS : APP_VALUE_GROUP;
  }
  }
}

/* Whether any key is below this path. */
static bool is_group(const char *path) {
  size_t len = strlen(path);
  for (size_t i = 0; i < APP_KEY_COUNT; i++)
    if (strncmp(app_keys[i].path, path, len) == 0 && app_keys[i].path[len] == '.') return true;
  return false;
}

/* Takes one setting of the file that is not a known group. */
static int take(const struct reader *reader, config_setting_t *setting, const char *path) {
  unsigned line = config_setting_source_line(setting);
  size_t id = app_key_find(path, strlen(path));
  struct app_value value = {0};
  int result = -1;
  if (id == APP_KEY_COUNT) {
    if (is_group(path))
      error_set(reader->error, "%s is a group: write %s = { ... };", path, path);
    else
      app_unknown_setting(path, reader->error);
  } else if (reader->incident && !app_keys[id].reload) {
    error_set(reader->error, "%s needs a restart and cannot be set in the incident file", path);
  } else {
    read_value(setting, &value);
    result = app_value_store(reader->config, &app_keys[id], &value, reader->directory, reader->error);
  }
  if (result != 0)
    error_set(reader->error, "%s:%u: %s", reader->name, line, reader->error->text);
  else
    reader->config->origin[id] =
        (struct app_origin){.source = reader->incident ? APP_FROM_INCIDENT : APP_FROM_FILE, .line = line};
  return result;
}

static int take_group(const struct reader *reader, config_setting_t *group, const char *prefix) {
  for (int i = 0; i < config_setting_length(group); i++) {
    char path[2 * APP_VARIABLE_SIZE];
    config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
    snprintf(path, sizeof path, "%s%s%s", prefix, *prefix ? "." : "", config_setting_name(setting));
    bool deeper = !*prefix && config_setting_type(setting) == CONFIG_TYPE_GROUP && is_group(path);
    if ((deeper ? take_group(reader, setting, path) : take(reader, setting, path)) != 0) return -1;
  }
  return 0;
}

/* Translates the library's message into a cause and an action. */
static const char *explain(const char *text) {
  static const struct {
    const char *text, *meaning;
  } known[] = {{"duplicate setting name", "duplicate setting: remove one of the two"},
               {"mismatched element type in array",
                "the numbers of a list are all written with a decimal point: 1.0, not 1"},
               {"syntax error", "syntax error in this line or before it: check quotes, braces and '='"}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(text, known[i].text) == 0) return known[i].meaning;
  return text;
}

static void set_syntax_error(struct error *error, const char *name, const config_t *parsed, const char *text,
                             size_t len) {
  char hint[APP_HINT_SIZE];
  const char *said = config_error_text(parsed);
  unsigned line = strcmp(said, "syntax error") == 0 ? app_config_hint(text, len, hint) : 0;
  error_set(error, "%s:%u: %s", name, line ? line : (unsigned)config_error_line(parsed),
            line ? hint : explain(said));
}

int app_config_parse(struct app_config *config, const char *text, size_t len, const char *name, bool incident,
                     const char *directory, struct error *error) {
  const struct reader reader = {config, name, directory, incident, error};
  config_t parsed;
  unsigned include, comment;
  int result = -1;
  if (memchr(text, '\0', len)) {
    error_set(error, "%s: not a text file", name);
    return -1;
  }
  char *copy = app_config_text(text, len, &include, &comment);
  if (!copy) {
    error_set(error, "out of memory");
    return -1;
  }
  config_init(&parsed);
  if (comment)
    error_set(error, "%s:%u: the comment that begins in this line has no end (*/)", name, comment);
  else if (include)
    error_set(error, "%s:%u: @include is not supported; a second file is named by incident_file", name,
              include);
  else if (config_read_string(&parsed, copy) != CONFIG_TRUE)
    set_syntax_error(error, name, &parsed, text, len);
  else
    result = take_group(&reader, config_root_setting(&parsed), "");
  config_destroy(&parsed);
  free(copy);
  return result;
}
