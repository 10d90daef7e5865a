/* SPDX-License-Identifier: MIT */
#include "app/config_file.h"
#include "app/config_print.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shop/faults.h"
#include "support/case_files.h"
#include "support/files.h"
#include "support/test.h"
#include "tel/log.h"

/* libconfig 1.5 forgets a few bytes with some syntax errors, which LeakSanitizer sees. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
  return "leak:libconfig";
}

/* The output of --check-config for all values that are not defaults, without indentation. */
static void effective(const struct app_config *config, char *out, size_t size) {
  const struct app_sources sources = {.file = "FILE"};
  char *printed = NULL, *rest = NULL;
  size_t len;
  FILE *file = open_memstream(&printed, &len);
  app_config_print(config, &sources, file);
  fclose(file);
  *out = '\0';
  for (char *line = strtok_r(printed, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
    if (!strstr(line, "# the default") && strchr(line, '#'))
      snprintf(out + strlen(out), size - strlen(out), "%s\n", line + strspn(line, " "));
  free(printed);
}

struct kind {
  bool valid, incident;
};

static void one_case(const struct case_file *file, const void *cls) {
  const struct kind *kind = cls;
  char seen[4096], *wanted = case_beside(file, kind->valid ? ".effective" : ".message");
  struct app_config config;
  struct error error = {""};
  app_config_init(&config);
  int result = app_config_parse(&config, file->text, file->len, "FILE", kind->incident, "/dir", &error);
  if (kind->valid) {
    ck_assert_msg(result == 0, "%s: %s", file->name, error.text);
    effective(&config, seen, sizeof seen);
  } else {
    ck_assert_msg(result == -1, "%s was taken", file->name);
    snprintf(seen, sizeof seen, "%s\n", error.text);
  }
  ck_assert_msg(strcmp(seen, wanted) == 0, "%s:\n%s\ninstead of\n%s", file->name, seen, wanted);
  free(wanted);
}

START_TEST(valid_files) {
  ck_assert_int_gt(case_files("config/valid", ".conf", one_case, &(struct kind){true, false}), 2);
}
END_TEST

START_TEST(invalid_files_name_file_line_and_reason) {
  ck_assert_int_gt(case_files("config/invalid", ".conf", one_case, &(struct kind){false, false}), 2);
}
END_TEST

START_TEST(invalid_incidents) {
  ck_assert_int_gt(case_files("config/incident", ".conf", one_case, &(struct kind){false, true}), 2);
}
END_TEST

/* A separate directory for relative paths and the files of a test. */
struct place {
  char dir[64], file[128], incident[128];
};

static void place_make(struct place *place) {
  strcpy(place->dir, "/tmp/minishop-config-XXXXXX");
  ck_assert(mkdtemp(place->dir) != NULL);
  snprintf(place->file, sizeof place->file, "%s/main.conf", place->dir);
  snprintf(place->incident, sizeof place->incident, "%s/incident.conf", place->dir);
}

static void place_remove(const struct place *place) {
  unlink(place->file);
  unlink(place->incident);
  rmdir(place->dir);
}

START_TEST(each_source_overrides_the_one_before) {
  struct place place;
  struct app_config config;
  struct error error = {""};
  const char *environment[] = {"MINISHOP_INVENTORY_STOCK=4", "MINISHOP_LISTEN=127.0.0.1:4",
                               "MINISHOP_SEED=", NULL};
  place_make(&place);
  files_write(place.file,
              "incident_file = \"incident.conf\"; seed = 2; listen = \"127.0.0.1:2\";\n"
              "payment = { failure_rate = 0.2; latency_ms = 2; };\ninventory = { stock = 2; };\n");
  files_write(place.incident, "payment = { latency_ms = 3; };\ninventory = { stock = 3; };\n");
  struct app_sources sources = {.file = place.file, .directory = place.dir, .environment = environment};
  sources.option_values[APP_KEY_listen] = "127.0.0.1:5";
  ck_assert_msg(app_config_load(&sources, NULL, NULL, &config, &error) == 0, "%s", error.text);
  ck_assert_double_eq(config.inventory_latency_ms, 8);
  ck_assert_int_eq(config.origin[APP_KEY_inventory_latency_ms].source, APP_FROM_DEFAULT);
  ck_assert_uint_eq(config.seed, 2); /* an empty variable counts as unset */
  ck_assert_double_eq(config.payment_failure_rate, 0.2);
  ck_assert_int_eq(config.origin[APP_KEY_payment_failure_rate].source, APP_FROM_FILE);
  ck_assert_uint_eq(config.origin[APP_KEY_payment_failure_rate].line, 2);
  ck_assert_double_eq(config.payment_latency_ms, 3);
  ck_assert_int_eq(config.origin[APP_KEY_payment_latency_ms].source, APP_FROM_INCIDENT);
  ck_assert_uint_eq(config.inventory_stock, 4);
  ck_assert_int_eq(config.origin[APP_KEY_inventory_stock].source, APP_FROM_ENVIRONMENT);
  ck_assert_uint_eq(address_port(&config.listen), 5);
  ck_assert_int_eq(config.origin[APP_KEY_listen].source, APP_FROM_OPTION);
  place_remove(&place);
}
END_TEST

START_TEST(files_that_are_not_there) {
  struct place place;
  struct app_config config;
  struct error error = {""};
  place_make(&place);
  struct app_sources sources = {.file = place.file, .file_optional = true, .directory = place.dir};
  sources.option_values[APP_KEY_incident_file] = place.incident;
  ck_assert_msg(app_config_load(&sources, NULL, NULL, &config, &error) == 0, "%s", error.text);
  files_write(place.incident, "");
  ck_assert_msg(app_config_load(&sources, NULL, NULL, &config, &error) == 0, "%s", error.text);
  sources.file_optional = false; /* the user named the file */
  ck_assert_int_eq(app_config_load(&sources, NULL, NULL, &config, &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, place.file));
  ck_assert_ptr_nonnull(strstr(error.text, "No such file"));
  sources.file = place.dir;
  ck_assert_int_eq(app_config_load(&sources, NULL, NULL, &config, &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, "Is a directory"));
  sources.file = "/dev/zero";
  ck_assert_int_eq(app_config_load(&sources, NULL, NULL, &config, &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, "not a regular file"));
  sources.file = place.file;
  files_write(place.file, "");
  ck_assert_int_eq(truncate(place.file, 1 << 20), 0);
  ck_assert_int_eq(app_config_load(&sources, NULL, NULL, &config, &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, "not a text file"));
  ck_assert_int_eq(truncate(place.file, (1 << 20) + 1), 0);
  ck_assert_int_eq(app_config_load(&sources, NULL, NULL, &config, &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, "more than 1 MiB"));
  place_remove(&place);
}
END_TEST

/* variable, value, the error behind "VARIABLE: "; NULL: it is taken */
static const struct {
  const char *variable, *message;
} variables[] = {
    {"MINISHOP_PAYMENT_FAILURE_RATE=0.5", NULL},
    {"MINISHOP_PAYMENT_FAILURE_RATE=1e-3", NULL},
    {"MINISHOP_PAYMENT_FAILURE_RATE=half", "payment.failure_rate takes a number from 0 to 1, not \"half\""},
    {"MINISHOP_PAYMENT_FAILURE_RATE=0.5x", "payment.failure_rate takes a number from 0 to 1, not \"0.5x\""},
    {"MINISHOP_PAYMENT_FAILURE_RATE=0x1", "payment.failure_rate takes a number from 0 to 1, not \"0x1\""},
    {"MINISHOP_PAYMENT_FAILURE_RATE=nan", "payment.failure_rate takes a number from 0 to 1, not \"nan\""},
    {"MINISHOP_PAYMENT_FAILURE_RATE=7", "payment.failure_rate takes a number from 0 to 1, not 7"},
    {"MINISHOP_SERVER_POOL=2", NULL},
    {"MINISHOP_SERVER_POOL=2.0", "server.pool takes a whole number from 0 to 64, not \"2.0\""},
    {"MINISHOP_SERVER_POOL=-1", "server.pool takes a whole number from 0 to 64, not -1"},
    {"MINISHOP_LOG_ENABLED=False", NULL},
    {"MINISHOP_LOG_ENABLED=no", "log.enabled takes true or false, not \"no\""},
    {"MINISHOP_METRICS_BUCKETS=0.1, 1,10", NULL},
    {"MINISHOP_METRICS_BUCKETS=[0.1,1]", NULL},
    {"MINISHOP_METRICS_BUCKETS=[0.1,1", NULL}, /* lenient: the bracket is decoration */
    {"MINISHOP_METRICS_BUCKETS=0.1,",
     "metrics.buckets takes 1 to 64 ascending positive numbers such as [0.1, 0.5, 1.0], not \"0.1,\""},
    {"MINISHOP_METRICS_BUCKETS=1,0.1", "metrics.buckets takes 1 to 64 ascending positive numbers such as "
                                       "[0.1, 0.5, 1.0]; number 2, 0.1, is not above 1"},
    {"MINISHOP_INSTANCE=10.0.0.1 10.0.1.1:8080",
     "instance takes one word of at most 63 bytes in quotes, not \"10.0.0.1 10.0.1.1:8080\""},
    {"MINISHOP_INSTANCE=a\tb", "instance takes one word of at most 63 bytes in quotes, not \"a?b\""},
    {"MINISHOP_INSTANCE= 10.0.0.1:8080\n", NULL},
    {"MINISHOP_PAYMENT_FAILURE_RATE= 0.5\n", NULL},
    {"MINISHOP_LOG_LEVEL=\tdebug\r\n", NULL},
    {"MINISHOP_SERVER_POOL=2\n", NULL},
    {"MINISHOP_LOG_FILE= \n", NULL},
    {"MINISHOP_LISTEN=8080", "listen: \"8080\" has no port: write ADDRESS:PORT, such as 127.0.0.1:8080"},
    {"MINISHOP_TRACES_ENDPOINT=http://a:b",
     "traces.endpoint takes an http or https URL without a query, such as "
     "\"http://localhost:4318\", not \"http://a:b\""},
    {"MINISHOP_LOG_LEVEL=loud",
     "log.level takes one of \"debug\", \"info\", \"warn\", \"error\", not \"loud\""},
};

START_TEST(variables_are_read_as_their_keys_demand) {
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    const char *environment[] = {variables[i].variable, NULL};
    struct app_config config;
    struct error error = {""};
    char wanted[400];
    struct app_sources sources = {.directory = "/", .environment = environment};
    int result = app_config_load(&sources, NULL, NULL, &config, &error);
    ck_assert_msg((result == 0) == !variables[i].message, "%s: %s", *environment, error.text);
    if (!variables[i].message) continue;
    snprintf(wanted, sizeof wanted, "%.*s: %s", (int)strcspn(*environment, "="), *environment,
             variables[i].message);
    ck_assert_str_eq(error.text, wanted);
  }
}
END_TEST

static void collect(void *cls, const char *text) {
  char *all = cls;
  strncat(all, text, 1000 - strlen(all));
}

START_TEST(values_are_trimmed) {
  const char *environment[] = {"MINISHOP_INSTANCE=\t10.0.0.1:8080\r\n", "MINISHOP_LOG_FILE= a b.json \n",
                               NULL};
  struct app_config config;
  struct error error = {""};
  struct app_sources sources = {.directory = "/dir", .environment = environment};
  ck_assert_msg(app_config_load(&sources, NULL, NULL, &config, &error) == 0, "%s", error.text);
  ck_assert_str_eq(config.instance, "10.0.0.1:8080");
  ck_assert_str_eq(config.log_file, "/dir/a b.json");
}
END_TEST

/* The current directory is unknown, so a relative name names nothing. */
START_TEST(relative_names_need_a_directory) {
  static const char *const names[] = {"MINISHOP_LOG_FILE", "MINISHOP_PID_FILE", "MINISHOP_INCIDENT_FILE"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    for (int absolute = 0; absolute < 2; absolute++) {
      char text[80];
      const char *environment[] = {text, NULL};
      struct app_config config;
      struct error error = {""};
      struct app_sources sources = {.directory = "", .environment = environment};
      snprintf(text, sizeof text, "%s=%sa/b", names[i], absolute ? "/" : "");
      ck_assert_msg((app_config_load(&sources, NULL, NULL, &config, &error) == 0) == absolute, "%s", text);
      ck_assert_msg(absolute || strstr(error.text, "a/b is relative") != NULL, "%s", error.text);
    }
}
END_TEST

START_TEST(the_log_is_not_the_pid_file) {
  struct place place;
  struct app_config config;
  struct error error = {""};
  const char *environment[] = {"MINISHOP_PID_FILE=incident.conf", NULL};
  place_make(&place);
  files_write(place.file, "log = { file = \"incident.conf\"; };\n");
  struct app_sources sources = {.file = place.file, .directory = place.dir};
  sources.option_values[APP_KEY_pid_file] = place.incident;
  for (int i = 0; i < 3; i++) {
    if (i == 1) sources.environment = environment, sources.option_values[APP_KEY_pid_file] = NULL;
    if (i == 2) sources.file = NULL, sources.option_values[APP_KEY_log_file] = place.incident;
    ck_assert_int_eq(app_config_load(&sources, NULL, NULL, &config, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "log.file and pid_file are the same file"));
    ck_assert_ptr_nonnull(strstr(error.text, place.incident));
  }
  sources.option_values[APP_KEY_log_file] = ".//incident.conf";
  ck_assert_int_eq(app_config_load(&sources, NULL, NULL, &config, &error), -1);
  files_write(place.file, "");
  ck_assert_int_eq(link(place.file, place.incident), 0);
  sources.option_values[APP_KEY_log_file] = "main.conf"; /* the same file by another name */
  ck_assert_int_eq(app_config_load(&sources, NULL, NULL, &config, &error), -1);
  static const char *const others[] = {"other", "other/incident.conf", "../incident.conf", "syslog"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    sources.option_values[APP_KEY_log_file] = others[i];
    ck_assert_int_eq(app_config_load(&sources, NULL, NULL, &config, &error), 0);
  }
  place_remove(&place);
}
END_TEST

START_TEST(unknown_variables_are_named) {
  const char *environment[] = {"MINISHOP_PAYMENT_FAILURERATE=1",
                               "MINISHOPPER=1",
                               "MINISHOP_EMPTY=",
                               "HOME=/",
                               "MINISHOP_COLOUR=red",
                               "OTEL_TRACE_EXPORTER=none",
                               "OTEL_METRICS_EXPORTER=none",
                               NULL};
  struct app_config config;
  struct error error;
  char told[1001] = "";
  struct app_sources sources = {.directory = "/", .environment = environment};
  ck_assert_int_eq(app_config_load(&sources, collect, told, &config, &error), 0);
  ck_assert_ptr_nonnull(strstr(told, "MINISHOP_PAYMENT_FAILURERATE "));
  ck_assert_ptr_null(strstr(told, "MINISHOPPER"));
  ck_assert_ptr_null(strstr(told, "MINISHOP_EMPTY"));
  ck_assert_ptr_nonnull(strstr(told, "did you mean MINISHOP_PAYMENT_FAILURE_RATE?"));
  ck_assert_ptr_nonnull(strstr(told, "MINISHOP_COLOUR is ignored; minishop --help"));
  ck_assert_ptr_nonnull(strstr(told, "OTEL_TRACE_EXPORTER is ignored; did you mean OTEL_TRACES_EXPORTER?"));
  ck_assert_ptr_null(strstr(told, "OTEL_METRICS_EXPORTER"));
}
END_TEST

/* The start ignores an incident file that is invalid, unreadable or a directory. A reload is refused. */
START_TEST(an_incident_file_never_stops_a_start) {
  static const char *const texts[] = {"payment = { latency_ms = 3; failure_rate = 7; };\n", "payment = {\n",
                                      "listen = \"127.0.0.1:1\";\n", "nonsense = 1;\n"};
  struct place place;
  struct app_config config;
  struct error error;
  place_make(&place);
  files_write(place.file, "seed = 2;\n");
  struct app_sources sources = {.file = place.file, .directory = place.dir};
  for (size_t i = 0; i <= sizeof texts / sizeof *texts; i++) {
    char told[1001] = "";
    bool is_text = i < sizeof texts / sizeof *texts;
    sources.option_values[APP_KEY_incident_file] = is_text ? place.incident : place.dir;
    if (is_text) files_write(place.incident, texts[i]);
    ck_assert_msg(app_config_load(&sources, collect, told, &config, &error) == 0, "%s", error.text);
    ck_assert_ptr_nonnull(strstr(told, "the incident file is ignored"));
    ck_assert_ptr_nonnull(strstr(told, is_text ? place.incident : "Is a directory"));
    ck_assert_uint_eq(config.seed, 2);
    ck_assert_double_eq(config.payment_latency_ms, 25); /* no part of it was taken */
    ck_assert_int_eq(config.origin[APP_KEY_payment_latency_ms].source, APP_FROM_DEFAULT);
    ck_assert_int_eq(app_config_load(&sources, NULL, NULL, &config, &error), -1);
  }
  place_remove(&place);
}
END_TEST

START_TEST(what_is_printed_reads_back_the_same) {
  struct app_config config, again;
  struct error error = {""};
  const struct app_sources sources = {.file = "x"};
  char *printed = NULL, restart[1000];
  size_t len;
  app_config_init(&config);
  config.seed = 8999999999999999999;
  config.payment_failure_rate = 0.1 + 0.2;
  config.metrics_buckets = (struct app_reals){.values = {1e-9, 1.0 / 3, 1e22}, .count = 3};
  strcpy(config.user, "a\"b\\c\x01\x7f");
  FILE *file = open_memstream(&printed, &len);
  app_config_print(&config, &sources, file);
  fclose(file);
  app_config_init(&again);
  ck_assert_msg(app_config_parse(&again, printed, len, "FILE", false, "/", &error) == 0, "%s", error.text);
  ck_assert_double_eq(again.payment_failure_rate, config.payment_failure_rate);
  app_config_reload(&again, &config, restart, sizeof restart);
  ck_assert_str_eq(restart, "");
  free(printed);
}
END_TEST

START_TEST(a_reload_takes_what_it_may_and_names_the_rest) {
  struct app_config config, next;
  char restart[100];
  app_config_init(&config);
  app_config_init(&next);
  next.payment_failure_rate = 0.9;
  next.log_level = TEL_DEBUG;
  app_config_reload(&config, &next, restart, sizeof restart);
  ck_assert_str_eq(restart, "");
  ck_assert_double_eq(config.payment_failure_rate, 0.9);
  ck_assert_uint_eq(config.log_level, TEL_DEBUG);
  next.listen.v4.sin_port = htons(9);
  next.metrics_buckets.values[0] = 0.0001;
  next.orders_capacity = 7;
  app_config_reload(&config, &next, restart, sizeof restart);
  ck_assert_str_eq(restart, "listen, orders.capacity, metrics.buckets");
  ck_assert_uint_eq(address_port(&config.listen), 8080);
  ck_assert_uint_eq(config.orders_capacity, 1000000);
  app_config_reload(&config, &next, restart, 10); /* no room for all */
  ck_assert_str_eq(restart, "listen, o");
}
END_TEST

/* Removes the "#" in front of a setting ("#key = ..."), as a person would. */
static void uncomment(char *text) {
  for (char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    char *hash = line + strspn(line, " ");
    if (*hash == '#' && hash[1] >= 'a' && hash[1] <= 'z') *hash = ' ';
  }
}

START_TEST(the_installed_file_holds_every_key_with_its_default) {
  char path[1024], restart[1000];
  struct app_config config, defaults;
  struct error error = {""};
  size_t len;
  snprintf(path, sizeof path, "%s/../../etc/minishop.conf", getenv("TEST_DATA"));
  char *text = case_read(path, &len, 1);
  app_config_init(&defaults);
  app_config_init(&config);
  ck_assert_msg(app_config_parse(&config, text, len, path, false, "/", &error) == 0, "%s", error.text);
  for (size_t i = 0; i < APP_KEY_COUNT; i++) /* the unchanged file changes nothing */
    ck_assert_msg(config.origin[i].source == APP_FROM_DEFAULT, "%s is not commented", app_keys[i].path);
  uncomment(text);
  ck_assert_msg(app_config_parse(&config, text, len, path, false, "/", &error) == 0, "%s", error.text);
  for (size_t i = 0; i < APP_KEY_COUNT; i++)
    ck_assert_msg(config.origin[i].source == APP_FROM_FILE, "%s is missing", app_keys[i].path);
  for (size_t i = 0; i < APP_KEY_COUNT; i++) {
    char *seen = NULL, *wanted = NULL;
    size_t ignored;
    FILE *a = open_memstream(&seen, &ignored), *b = open_memstream(&wanted, &ignored);
    app_config_print_value(&config, &app_keys[i], a);
    app_config_print_value(&defaults, &app_keys[i], b);
    fclose(a);
    fclose(b);
    ck_assert_msg(strcmp(seen, wanted) == 0, "%s: %s instead of %s", app_keys[i].path, seen, wanted);
    free(seen);
    free(wanted);
  }
  app_config_reload(&config, &defaults, restart, sizeof restart);
  ck_assert_str_eq(restart, "");
  free(text);
}
END_TEST

START_TEST(the_installed_file_marks_what_can_be_reloaded) {
  char path[1024];
  size_t len;
  snprintf(path, sizeof path, "%s/../../etc/minishop.conf", getenv("TEST_DATA"));
  char *text = case_read(path, &len, 1);
  for (size_t i = 0; i < APP_KEY_COUNT; i++) {
    const char *dot = strchr(app_keys[i].path, '.');
    char group[80], line[80];
    snprintf(group, sizeof group, "\n%.*s = {", dot ? (int)(dot - app_keys[i].path) : 0, app_keys[i].path);
    snprintf(line, sizeof line, "#%s = ", dot ? dot + 1 : app_keys[i].path);
    const char *from = dot ? strstr(text, group) : text, *at = from ? strstr(from, line) : NULL;
    ck_assert_msg(at != NULL, "%s", app_keys[i].path);
    const char *paragraph = at;
    while (paragraph > text && !(paragraph[0] == '\n' && (paragraph[1] == '\n' || paragraph[-1] == '{')))
      paragraph--;
    const char *mark = strstr(paragraph, "[reload]");
    ck_assert_msg((mark && mark < at) == app_keys[i].reload, "%s", app_keys[i].path);
  }
  free(text);
}
END_TEST

/* Each failure of the shop can be chosen, and the message names all of them. */
START_TEST(payment_reasons_are_the_shops) {
  struct app_config config;
  struct error refused, error;
  const char *word, wrong[] = "payment = { reason = \"out_of_stock\"; };";
  app_config_init(&config);
  ck_assert_int_eq(app_config_parse(&config, wrong, strlen(wrong), "FILE", false, "/", &refused), -1);
  for (size_t i = 0; (word = shop_faults_choice(i)); i++) {
    char text[100], quoted[50];
    snprintf(text, sizeof text, "payment = { reason = \"%s\"; };", word);
    ck_assert_msg(app_config_parse(&config, text, strlen(text), "FILE", false, "/", &error) == 0, "%s",
                  error.text);
    ck_assert_uint_eq(config.payment_reason, i);
    snprintf(quoted, sizeof quoted, "\"%s\"", word);
    ck_assert_msg(strstr(refused.text, quoted) != NULL, "%s: %s", quoted, refused.text);
  }
}
END_TEST

static void is_valid_incident(const struct case_file *file, const void *cls) {
  struct app_config config;
  struct error error = {""};
  (void)cls;
  app_config_init(&config);
  ck_assert_msg(app_config_parse(&config, file->text, file->len, file->name, true, "/", &error) == 0, "%s",
                error.text);
}

START_TEST(the_labs_incidents_are_valid) {
  ck_assert_int_gt(case_files("../../observability/incidents", ".conf", is_valid_incident, NULL), 0);
}
END_TEST

TEST_MAIN("config", valid_files, invalid_files_name_file_line_and_reason, invalid_incidents,
          each_source_overrides_the_one_before, files_that_are_not_there,
          variables_are_read_as_their_keys_demand, values_are_trimmed, relative_names_need_a_directory,
          the_log_is_not_the_pid_file, unknown_variables_are_named, an_incident_file_never_stops_a_start,
          what_is_printed_reads_back_the_same, a_reload_takes_what_it_may_and_names_the_rest,
          the_installed_file_holds_every_key_with_its_default, the_installed_file_marks_what_can_be_reloaded,
          payment_reasons_are_the_shops, the_labs_incidents_are_valid)
