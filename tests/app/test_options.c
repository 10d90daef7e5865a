/* SPDX-License-Identifier: MIT */
#include "app/options.h"

#include <string.h>

#include "support/test.h"

static int parse(const char *line, struct app_options *options, struct error *error) {
  static char text[1000];
  char *argv[20] = {(char[]){"minishop"}}, *rest = NULL;
  int argc = 1;
  snprintf(text, sizeof text, "%s", line);
  for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) argv[argc++] = word;
  return app_options_parse(argc, argv, options, error);
}

START_TEST(nothing_is_given) {
  struct app_options options;
  struct error error;
  ck_assert_int_eq(parse("", &options, &error), 0);
  ck_assert_ptr_null(options.config);
  ck_assert(!options.daemon && !options.check_config && !options.healthcheck && !options.version &&
            !options.help);
  for (size_t i = 0; i < APP_KEY_COUNT; i++) ck_assert_ptr_null(options.values[i]);
}
END_TEST

START_TEST(every_option_is_taken) {
  struct app_options options;
  struct error error = {""};
  ck_assert_msg(parse("--config a --listen b --daemon --pid-file c --user d --log-file e --incident-file f "
                      "--check-config --healthcheck --version --help",
                      &options, &error) == 0,
                "%s", error.text);
  ck_assert_str_eq(options.config, "a");
  ck_assert_str_eq(options.values[APP_KEY_listen], "b");
  ck_assert_str_eq(options.values[APP_KEY_pid_file], "c");
  ck_assert_str_eq(options.values[APP_KEY_user], "d");
  ck_assert_str_eq(options.values[APP_KEY_log_file], "e");
  ck_assert_str_eq(options.values[APP_KEY_incident_file], "f");
  ck_assert(options.daemon && options.check_config && options.healthcheck && options.version && options.help);
  ck_assert_int_eq(parse("--listen=x:1", &options, &error), 0);
  ck_assert_str_eq(options.values[APP_KEY_listen], "x:1");
  ck_assert(!options.daemon);
}
END_TEST

static const struct {
  const char *line, *message;
} bad[] = {
    {"--nonsense", "unknown or ambiguous option --nonsense"},
    {"-x", "unknown or ambiguous option -x"},
    {"-xyz", "unknown or ambiguous option -xyz"},
    {"-hx", "unknown or ambiguous option -hx"},
    {"--daemon -xy", "unknown or ambiguous option -xy"},
    {"-config x", "unknown or ambiguous option -config; did you mean --config?"},
    {"-listen=x:1", "unknown or ambiguous option -listen=x:1; did you mean --listen?"},
    {"--daemon -version", "unknown or ambiguous option -version; did you mean --version?"},
    {"--lisen=x:1", "unknown or ambiguous option --lisen=x:1; did you mean --listen?"},
    {"--log_file x", "unknown or ambiguous option --log_file; did you mean --log-file?"},
    {"--config", "--config requires an argument"},
    {"--config=", "--config requires the name of a file"},
    {"--daemon=yes", "--daemon takes no argument: --daemon=yes"},
    {"minishop.conf", "unexpected argument minishop.conf; every argument is an option"},
    {"--daemon now", "unexpected argument now; every argument is an option"},
};

START_TEST(bad_usage_is_named) {
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct app_options options;
    struct error error = {""};
    ck_assert_msg(parse(bad[i].line, &options, &error) == -1, "%s was taken", bad[i].line);
    ck_assert_str_eq(error.text, bad[i].message);
  }
}
END_TEST

START_TEST(help_names_every_setting_and_variable) {
  char *text = NULL;
  size_t len;
  FILE *out = open_memstream(&text, &len);
  app_options_help(out);
  fclose(out);
  for (size_t i = 0; i < APP_KEY_COUNT; i++) {
    char variable[APP_VARIABLE_SIZE];
    app_key_variable(&app_keys[i], variable);
    ck_assert_msg(strstr(text, app_keys[i].path) != NULL, "%s", app_keys[i].path);
    ck_assert_msg(strstr(text, variable) != NULL, "%s", variable);
  }
  free(text);
}
END_TEST

TEST_MAIN("options", nothing_is_given, every_option_is_taken, bad_usage_is_named,
          help_names_every_setting_and_variable)
