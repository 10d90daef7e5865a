/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "app/app.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/assembly.h"
#include "app/config_print.h"
#include "app/config_tracing.h"
#include "app/config_value.h"
#include "app/daemon.h"
#include "app/healthcheck.h"
#include "app/notify.h"
#include "app/options.h"
#include "app/privileges.h"
#include "app/run.h"
#include "base/startup.h"

enum { EXIT_USAGE = 2, MAX_WARNINGS = 16, WARNING_SIZE = 640 };

/* State that the startup steps share. */
struct start {
  struct app_options options;
  struct app_sources sources;
  char directory[APP_TEXT_SIZE], file[APP_TEXT_SIZE];
  struct app_config config;
  struct app_identity identity;
  struct app_daemon daemon;
  char warnings[MAX_WARNINGS][WARNING_SIZE];
  size_t warning_count;
};

static int complain(const struct error *error, int status) {
  fprintf(stderr, "minishop: %s\n", error->text);
  return status;
}

static void keep_warning(void *cls, const char *text) {
  struct start *start = cls;
  if (start->warning_count < MAX_WARNINGS)
    snprintf(start->warnings[start->warning_count++], sizeof *start->warnings, "%s", text);
}

static int find_sources(struct start *start, struct error *error) {
  const char *file = start->options.config;
  if (!getcwd(start->directory, sizeof start->directory)) start->directory[0] = '\0';
  if (app_value_copy("--config", start->directory, file ? file : SYSCONFDIR "/minishop.conf", start->file,
                     error) != 0)
    return -1;
  start->sources = (struct app_sources){.file = start->file,
                                        .file_optional = !file,
                                        .directory = start->directory,
                                        .environment = (const char *const *)environ};
  memcpy(start->sources.option_values, start->options.values, sizeof start->options.values);
  return 0;
}

/* Runs as root: creates the files that the service's user will own. */
static int prepare_files(struct start *start, struct app_pidfile **pidfile, struct error *error) {
  const char *log = app_config_log_file(&start->config);
  if (app_pidfile_take(start->config.pid_file, start->identity.uid, start->identity.gid, pidfile, error) != 0)
    return -1;
  return log ? app_identity_give(&start->identity, log, error) : 0;
}

/* Runs as the service's user. Write access to the log file is not enough, because rotation creates files. */
static void check_log_directory(struct start *start) {
  char directory[APP_TEXT_SIZE], text[WARNING_SIZE];
  struct stat info;
  const char *log = app_config_log_file(&start->config);
  if (!*start->identity.name || !log) return;
  /* If stat() fails, the file was opened before the process changed its user. */
  if (stat(log, &info) == 0 && !S_ISREG(info.st_mode)) return;
  snprintf(directory, sizeof directory, "%s", log);
  const char *parent = dirname(directory);
  if (access(parent, W_OK | X_OK) == 0) return;
  snprintf(
      text, sizeof text,
      "log.file: %s cannot create files in %.100s, so the log can be neither rotated nor opened again after "
      "it was renamed; give that directory to %s",
      start->identity.name, parent, start->identity.name);
  keep_warning(start, text);
}

static int serve(struct start *start) {
  struct error error;
  struct app_run run = {
      .config = &start->config, .sources = &start->sources, .notify_socket = getenv("NOTIFY_SOCKET")};
  if (prepare_files(start, &run.pidfile, &error) != 0 ||
      app_assembly_new(&start->config, start->options.daemon, &run.assembly, &error) != 0 ||
      app_identity_assume(&start->identity, &error) != 0)
    goto fail;
  check_log_directory(start);
  for (size_t i = 0; i < start->warning_count; i++)
    tel_log_event(app_assembly_logger(run.assembly), TEL_WARN, "configuration warning", "%s",
                  start->warnings[i]);
  if (app_assembly_start(run.assembly, &error) != 0 || app_run_watch(&run, &error) != 0) goto fail;
  if (app_notify(run.notify_socket, "READY=1") != 0)
    tel_log_event(app_assembly_logger(run.assembly), TEL_WARN, "configuration warning",
                  "cannot tell the service manager at NOTIFY_SOCKET");
  app_daemon_ready(&start->daemon);
  return app_run(&run);
fail:
  complain(&error, EXIT_FAILURE);
  app_assembly_free(run.assembly, 0);
  app_pidfile_free(run.pidfile);
  app_daemon_report(&start->daemon, EXIT_FAILURE);
  return EXIT_FAILURE;
}

/* Prints the help or the version if an option asks for it. Returns the exit status, or -1 if the program
 * continues. */
static int print_requested(const struct app_options *options) {
  if (options->help || options->version) startup_release_signals();
  if (options->help)
    app_options_help(stdout);
  else if (options->version)
    printf("%s (%s)\n", PACKAGE_STRING, MINISHOP_COMMIT);
  else
    return -1;
  return startup_flush_output("minishop") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void print_warning(void *cls, const char *text) {
  (void)cls;
  struct error warning;
  error_set(&warning, "%s", text);
  complain(&warning, EXIT_SUCCESS);
}

/* Reports that "user" cannot be used. */
static int complain_of_user(const struct start *start, struct error *error) {
  app_config_blame(&start->config, &start->sources, APP_KEY_user, error);
  return complain(error, EXIT_USAGE);
}

/* Warnings do not change the exit status, because the service also starts with them. */
static int check_config(const struct start *start) {
  struct error error;
  struct tel_tracing_settings tracing;
  if (!app_identity_exists(start->config.user, &error)) return complain_of_user(start, &error);
  for (size_t i = 0; i < start->warning_count; i++) print_warning(NULL, start->warnings[i]);
  if (app_tracing_settings(&start->config, print_warning, NULL, &tracing, &error) != 0)
    return complain(&error, EXIT_FAILURE);
  app_config_print(&start->config, &start->sources, stdout);
  app_tracing_print(&tracing, stdout);
  return startup_flush_output("minishop") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int go(struct start *start) {
  struct error error;
  if (start->options.check_config || start->options.healthcheck) startup_release_signals();
  if (start->options.check_config) return check_config(start);
  if (start->options.healthcheck)
    return app_healthcheck(&start->config.listen, &error) == 0 ? EXIT_SUCCESS
                                                               : complain(&error, EXIT_FAILURE);
  if (app_identity_find(start->config.user, &start->identity, &error) != 0)
    return complain_of_user(start, &error);
  start->daemon.ready_fd = -1;
  if (start->options.daemon) {
    int status = app_daemon_start(&start->daemon);
    if (status >= 0) return status;
  }
  return serve(start);
}

int app_main(int argc, char **argv) {
  struct error error;
  struct start start = {.warning_count = 0};
  if (app_options_parse(argc, argv, &start.options, &error) != 0) {
    complain(&error, EXIT_USAGE);
    fprintf(stderr, "Try: minishop --help\n");
    return EXIT_USAGE;
  }
  int status = print_requested(&start.options);
  if (status >= 0) return status;
  if (find_sources(&start, &error) != 0 ||
      app_config_load(&start.sources, keep_warning, &start, &start.config, &error) != 0)
    return complain(&error, EXIT_USAGE);
  return go(&start);
}
