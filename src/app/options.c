/* SPDX-License-Identifier: MIT */
#include "app/options.h"

#include <getopt.h>
#include <string.h>

#include "app/config_tracing.h"
#include "base/text.h"

enum { NO_KEY = -1 };

/* One row per option. The option of a setting has a key. Every other option except --config has a flag. */
static const struct row {
  const char *name, *argument;
  int key;     /* enum app_key_id, or NO_KEY */
  size_t flag; /* offset of a bool in struct app_options */
  const char *help;
} rows[] = {
    {"config", "FILE", NO_KEY, 0,
     "read this configuration file; default: " SYSCONFDIR "/minishop.conf, if it exists"},
    {"listen", "ADDR:PORT", APP_KEY_listen, 0, "serve HTTP at this address"},
    {"daemon", NULL, NO_KEY, offsetof(struct app_options, daemon),
     "run in the background; return when the service is ready"},
    {"pid-file", "FILE", APP_KEY_pid_file, 0, "write the process id to this file"},
    {"user", "NAME", APP_KEY_user, 0, "become this user after binding the address"},
    {"log-file", "FILE", APP_KEY_log_file, 0, "log to this file, or to \"syslog\""},
    {"incident-file", "FILE", APP_KEY_incident_file, 0, "read this file after the configuration"},
    {"check-config", NULL, NO_KEY, offsetof(struct app_options, check_config),
     "print the effective configuration with the origin of each value, and exit"},
    {"healthcheck", NULL, NO_KEY, offsetof(struct app_options, healthcheck),
     "ask the running service whether it is ready, and exit"},
    {"version", NULL, NO_KEY, offsetof(struct app_options, version), "print the version"},
    {"help", NULL, NO_KEY, offsetof(struct app_options, help), "print this help"},
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

static void take(struct app_options *options, const struct row *row, const char *argument) {
  if (row->key != NO_KEY)
    options->values[row->key] = argument;
  else if (row->argument)
    options->config = argument;
  else
    *(bool *)((char *)options + row->flag) = true;
}

static void set_unknown(struct error *error, const char *seen) {
  const char *name = seen + strspn(seen, "-"), *best = NULL;
  size_t len = strcspn(name, "="), distance = TEXT_DISTANCE_MAX;
  for (size_t i = 0; i < ROW_COUNT; i++) {
    bool same = strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0;
    if (same && name[len] == '=' && !rows[i].argument) {
      error_set(error, "--%s takes no argument: %.200s", rows[i].name, seen);
      return;
    }
    text_similar(name, len, rows[i].name, &best, &distance);
  }
  error_set(error, "unknown or ambiguous option %.200s%s%s%s", seen, best ? "; did you mean --" : "",
            best ? best : "", best ? "?" : "");
}

int app_options_parse(int argc, char **argv, struct app_options *out, struct error *error) {
  struct option known[ROW_COUNT + 1] = {0};
  struct app_options options = {0};
  int which;
  for (size_t i = 0; i < ROW_COUNT; i++)
    known[i] = (struct option){.name = rows[i].name,
                               .has_arg = rows[i].argument ? required_argument : no_argument,
                               .val = (int)i + 256};
  optind = 0; /* reset for a second call */
  opterr = 0;
  for (;;) {
    const char *seen = argv[optind > 0 ? optind : 1]; /* getopt leaves optind at a word of several letters */
    if ((which = getopt_long(argc, argv, "+:h", known, NULL)) == -1) break;
    if (which == ':') {
      error_set(error, "%.200s requires an argument", seen);
      return -1;
    }
    if (which == '?') {
      set_unknown(error, seen);
      return -1;
    }
    if (which == 'h')
      options.help = true;
    else
      take(&options, &rows[which - 256], optarg);
  }
  if (optind < argc) {
    error_set(error, "unexpected argument %.200s; every argument is an option", argv[optind]);
    return -1;
  }
  if (options.config && !*options.config) {
    error_set(error, "--config requires the name of a file");
    return -1;
  }
  *out = options;
  return 0;
}

static void print_setting(const struct app_key *key, FILE *out) {
  char name[APP_VARIABLE_SIZE];
  app_key_variable(key, name);
  fprintf(out, "  %s (%s)%s\n      %s\n      default: %s\n", key->path, name, key->reload ? " *" : "",
          key->help, *key->fallback ? key->fallback : "\"\"");
}

void app_options_help(FILE *out) {
  fprintf(out, "Usage: minishop [OPTION]...\n"
               "A small shop for practising observability: metrics, traces and logs.\n\nOptions:\n");
  for (size_t i = 0; i < ROW_COUNT; i++) {
    char text[40];
    snprintf(text, sizeof text, "--%s %s", rows[i].name, rows[i].argument ? rows[i].argument : "");
    fprintf(out, "  %-22s %s\n", text, rows[i].help);
  }
  fprintf(out,
          "\nSettings, with their environment variables. SIGHUP applies changes of those marked with *.\n"
          "The first that has a value wins: option, environment (OTEL_*, MINISHOP_*), incident file,\n"
          "configuration file, default:\n");
  for (size_t i = 0; i < APP_KEY_COUNT; i++) print_setting(&app_keys[i], out);
  app_tracing_help(out);
  fprintf(out, "\nSIGTERM and SIGINT shut the service down gracefully. A second signal ends it at once.\n"
               "SIGHUP reloads the configuration and reopens the log file.\n"
               "Exit status: 0 done, 1 failed at run time, 2 bad usage or configuration.\n"
               "Manual: minishop(8).\n");
}
