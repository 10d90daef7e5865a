/* SPDX-License-Identifier: MIT */
#include "app/config.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/config_file.h"
#include "app/config_value.h"
#include "base/file.h"
#include "base/text.h"
#include "shop/faults.h"
#include "shop/inventory.h"
#include "tel/log.h"
#include "telemetry/settings/otel_variables.h"

enum { FILE_LIMIT = 1 << 20 };

static const char *app_level_choice(size_t level) {
  static const char *const words[] = {
      [TEL_DEBUG] = "debug", [TEL_INFO] = "info", [TEL_WARN] = "warn", [TEL_ERROR] = "error"};
  return level < sizeof words / sizeof *words ? words[level] : NULL;
}

#define APP_PLACE(field) offsetof(struct app_config, field), sizeof(((struct app_config *)0)->field)
#define APP_CONFIG_ROW(field, type, path, fallback, min, max, choice, reload, help)                          \
  [APP_KEY_##field] = {path, APP_##type, APP_PLACE(field), fallback, min, max, choice, reload, help},
const struct app_key app_keys[APP_KEY_COUNT] = {APP_CONFIG_KEYS(APP_CONFIG_ROW)};
#undef APP_CONFIG_ROW
#undef APP_PLACE

size_t app_key_find(const char *path, size_t len) {
  size_t i = 0;
  while (i < APP_KEY_COUNT && (strlen(app_keys[i].path) != len || memcmp(app_keys[i].path, path, len) != 0))
    i++;
  return i;
}

/* The key that an unknown path probably means, or NULL. */
static const struct app_key *key_similar(const char *path) {
  const char *best = NULL;
  size_t distance = TEXT_DISTANCE_MAX;
  for (size_t i = 0; i < APP_KEY_COUNT; i++) {
    const char *dot = strchr(app_keys[i].path, '.');
    /* The name is right, but the setting stands at the top level instead of in its group. */
    if (dot && strcmp(dot + 1, path) == 0) return &app_keys[i];
    text_similar(path, strlen(path), app_keys[i].path, &best, &distance);
  }
  return best ? &app_keys[app_key_find(best, strlen(best))] : NULL;
}

/* Sets group to the group that an unknown name at the top level probably means, or to "". */
static void group_similar(const char *path, char group[APP_VARIABLE_SIZE]) {
  size_t distance = TEXT_DISTANCE_MAX;
  *group = '\0';
  for (size_t i = 0; i < APP_KEY_COUNT && !strchr(path, '.'); i++) {
    char name[APP_VARIABLE_SIZE];
    const char *best = NULL;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(app_keys[i].path, "."), app_keys[i].path);
    text_similar(path, strlen(path), name, &best, &distance);
    if (best) strcpy(group, best);
  }
}

void app_unknown_setting(const char *path, struct error *error) {
  const struct app_key *key = key_similar(path);
  char group[APP_VARIABLE_SIZE];
  group_similar(path, group);
  const char *similar = key ? key->path : group;
  error_set(error, "unknown setting %s; %s%s%s", path, *similar ? "did you mean " : "",
            *similar ? similar : "minishop --help lists the settings", *similar ? "?" : "");
}

void app_key_variable(const struct app_key *key, char out[APP_VARIABLE_SIZE]) {
  int len = snprintf(out, APP_VARIABLE_SIZE, "MINISHOP_");
  for (const char *at = key->path; *at; at++)
    out[len++] = *at == '.' ? '_' : (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
  out[len] = '\0';
}

void app_config_init(struct app_config *config) {
  struct error error;
  *config = (struct app_config){0};
  for (size_t i = 0; i < APP_KEY_COUNT; i++)
    if (app_value_store_text(config, &app_keys[i], app_keys[i].fallback, "/", &error) != 0)
      abort(); /* the table is wrong */
}

const char *app_config_origin(const struct app_config *config, const struct app_sources *sources,
                              enum app_key_id id, char out[APP_ORIGIN_SIZE]) {
  const struct app_origin *origin = &config->origin[id];
  bool incident = origin->source == APP_FROM_INCIDENT;
  switch (origin->source) {
  case APP_FROM_FILE:
  case APP_FROM_INCIDENT:
    snprintf(out, APP_ORIGIN_SIZE, "%s:%u", incident ? config->incident_file : sources->file, origin->line);
    break;
  case APP_FROM_ENVIRONMENT:
    app_key_variable(&app_keys[id], out);
    break;
  default:
    strcpy(out, origin->source == APP_FROM_OPTION ? "the command line" : "the default");
  }
  return out;
}

void app_config_blame(const struct app_config *config, const struct app_sources *sources, enum app_key_id id,
                      struct error *error) {
  char origin[APP_ORIGIN_SIZE];
  error_set(error, "%s: %s", app_config_origin(config, sources, id, origin), error->text);
}

/* Returns the whole file, NUL-terminated, or NULL with errno. */
static char *read_file(const char *path, size_t *len) {
  char *text = malloc(FILE_LIMIT + 2);
  if (!text) return NULL;
  ssize_t got = file_read(path, text, FILE_LIMIT + 2);
  *len = got < 0 ? 0 : (size_t)got;
  if (got >= 0 && *len <= FILE_LIMIT) return text;
  int error = got < 0 ? errno : EFBIG;
  free(text);
  errno = error;
  return NULL;
}

static const char *read_error(int error) {
  _Static_assert(FILE_LIMIT == 1 << 20, "the message says 1 MiB");
  if (error == EFBIG) return "it has more than 1 MiB";
  return error == EINVAL ? "not a regular file" : strerror(error);
}

static int load_file(struct app_config *config, const char *path, bool incident, bool optional,
                     const char *directory, struct error *error) {
  size_t len;
  char *text = read_file(path, &len);
  if (!text) {
    if (errno == ENOENT && optional) return 0;
    error_set(error, "cannot read the configuration %s: %s", path, read_error(errno));
    return -1;
  }
  int result = app_config_parse(config, text, len, path, incident, directory, error);
  free(text);
  return result;
}

/* At startup an unusable incident file is ignored, because an exercise must not prevent the start. A reload
 * (without warn) refuses it, and the service keeps its configuration. */
static int load_incident(struct app_config *config, const struct app_sources *sources, tel_warn_fn *warn,
                         void *cls, struct error *error) {
  struct app_config with = *config;
  if (load_file(&with, config->incident_file, true, true, sources->directory, error) == 0) {
    *config = with;
    return 0;
  }
  if (!warn) return -1;
  struct error what = *error;
  error_set(error, "the incident file is ignored; correct or remove it, then send SIGHUP. %s", what.text);
  warn(cls, error->text);
  return 0;
}

/* A copy of the value of a variable without white space around it, because a value from a file usually ends
 * in a newline. NULL if it is empty or unset. */
static char *variable(const char *const *environment, const char *name) {
  size_t len = strlen(name);
  const char *value;
  for (; environment && *environment; environment++)
    if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=') {
      len = text_trim(*environment + len + 1, strlen(*environment + len + 1), &value);
      return len ? strndup(value, len) : NULL;
    }
  return NULL;
}

/* Stores a text that one of the sources has for the key. */
static int store(struct app_config *config, enum app_key_id id, const char *text, enum app_source source,
                 const struct app_sources *sources, struct error *error) {
  if (!text) return 0;
  config->origin[id] = (struct app_origin){.source = source};
  int result = app_value_store_text(config, &app_keys[id], text, sources->directory, error);
  if (result != 0) app_config_blame(config, sources, id, error);
  return result;
}

/* Reads one key from the environment, then from the options. */
static int overlay(struct app_config *config, enum app_key_id id, const struct app_sources *sources,
                   struct error *error) {
  char name[APP_VARIABLE_SIZE];
  app_key_variable(&app_keys[id], name);
  char *value = variable(sources->environment, name);
  int result = store(config, id, value, APP_FROM_ENVIRONMENT, sources, error);
  free(value);
  if (result != 0) return result;
  return store(config, id, sources->option_values[id], APP_FROM_OPTION, sources, error);
}

/* Turns the name of a variable, without MINISHOP_, into lower case: payment_failure_rate. A path has dots
 * instead of some underscores; the text is still close enough to find a similar key. */
static void path_of(const char *name, size_t len, char out[APP_VARIABLE_SIZE]) {
  size_t i = 0;
  for (; i < len && i < APP_VARIABLE_SIZE - 1; i++) out[i] = (char)tolower((unsigned char)name[i]);
  out[i] = '\0';
}

static void warn_unknown_setting(const char *name, size_t len, tel_warn_fn *warn, void *cls) {
  static const char prefix[] = "MINISHOP_";
  char known[APP_VARIABLE_SIZE], path[APP_VARIABLE_SIZE], text[256];
  for (size_t i = 0; i < APP_KEY_COUNT; i++) {
    app_key_variable(&app_keys[i], known);
    if (strlen(known) == len && memcmp(known, name, len) == 0) return;
  }
  path_of(name + sizeof prefix - 1, len - (sizeof prefix - 1), path);
  const struct app_key *similar = key_similar(path);
  if (similar) app_key_variable(similar, known);
  snprintf(text, sizeof text, "unknown variable %.*s is ignored; %s%s%s", (int)(len < 100 ? len : 100), name,
           similar ? "did you mean " : "", similar ? known : "minishop --help lists the settings",
           similar ? "?" : "");
  warn(cls, text);
}

static void warn_unknown(const struct app_sources *sources, tel_warn_fn *warn, void *cls) {
  for (const char *const *at = sources->environment; at && *at; at++) {
    char text[256];
    size_t len = strcspn(*at, "=");
    if (!(*at)[len] || !(*at)[len + 1]) continue;
    if (strncmp(*at, "MINISHOP_", strlen("MINISHOP_")) == 0)
      warn_unknown_setting(*at, len, warn, cls);
    else if (strncmp(*at, "OTEL_", strlen("OTEL_")) == 0 && tel_variable_similar(*at, len)) {
      snprintf(text, sizeof text, "unknown variable %.*s is ignored; did you mean %s?",
               (int)(len < 100 ? len : 100), *at, tel_variable_similar(*at, len));
      warn(cls, text);
    }
  }
}

const char *app_config_log_file(const struct app_config *config) {
  const char *file = config->log_file;
  return config->log_enabled && *file && strcmp(file, "syslog") != 0 ? file : NULL;
}

static bool stat_directory(const char *path, struct stat *out) {
  char directory[APP_TEXT_SIZE];
  snprintf(directory, sizeof directory, "%s", path);
  return stat(dirname(directory), out) == 0;
}

/* Whether two absolute paths name one file. If a file does not exist yet, its directory and its name tell. */
static bool same_file(const char *a, const char *b) {
  struct stat of_a, of_b;
  if (strcmp(a, b) == 0) return true;
  if ((stat(a, &of_a) != 0 || stat(b, &of_b) != 0) &&
      (strcmp(strrchr(a, '/'), strrchr(b, '/')) != 0 || !stat_directory(a, &of_a) ||
       !stat_directory(b, &of_b)))
    return false;
  return of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

/* The end of the service would remove a log that is also the pid file, and the first line of such a log would
 * be a number. */
static int check_files(const struct app_config *config, const struct app_sources *sources,
                       struct error *error) {
  const char *log = app_config_log_file(config), *pid = config->pid_file;
  if (!log || !*pid || !same_file(log, pid)) return 0;
  error_set(error, "log.file and pid_file are the same file, %s: choose two different files", pid);
  app_config_blame(config, sources, APP_KEY_log_file, error);
  return -1;
}

int app_config_load(const struct app_sources *sources, tel_warn_fn *warn, void *cls, struct app_config *out,
                    struct error *error) {
  struct app_config config;
  app_config_init(&config);
  if (sources->file &&
      load_file(&config, sources->file, false, sources->file_optional, sources->directory, error) != 0)
    return -1;
  /* Any source can set the path of the incident file. Environment and options override its content. */
  if (overlay(&config, APP_KEY_incident_file, sources, error) != 0) return -1;
  if (*config.incident_file && load_incident(&config, sources, warn, cls, error) != 0) return -1;
  for (size_t i = 0; i < APP_KEY_COUNT; i++)
    if (overlay(&config, (enum app_key_id)i, sources, error) != 0) return -1;
  if (check_files(&config, sources, error) != 0) return -1;
  if (warn) warn_unknown(sources, warn, cls);
  *out = config;
  return 0;
}

/* Both configurations were zeroed before they were filled. Even so, bytes after a text's NUL and unused
 * entries of a list may differ. */
static bool same(const struct app_config *a, const struct app_config *b, const struct app_key *key) {
  const void *x = (const char *)a + key->offset, *y = (const char *)b + key->offset;
  if (key->type == APP_REALS) {
    const struct app_reals *p = x, *q = y;
    return p->count == q->count && memcmp(p->values, q->values, p->count * sizeof *p->values) == 0;
  }
  if (key->size == APP_TEXT_SIZE) return strcmp(x, y) == 0;
  return memcmp(x, y, key->size) == 0;
}

void app_config_reload(struct app_config *config, const struct app_config *next, char *restart,
                       size_t restart_size) {
  size_t used = 0;
  *restart = '\0';
  for (size_t i = 0; i < APP_KEY_COUNT; i++) {
    const struct app_key *key = &app_keys[i];
    if (key->reload) {
      memcpy((char *)config + key->offset, (const char *)next + key->offset, key->size);
      config->origin[i] = next->origin[i];
    } else if (!same(config, next, key) && used < restart_size) {
      used += (size_t)snprintf(restart + used, restart_size - used, "%s%s", used ? ", " : "", key->path);
    }
  }
}
