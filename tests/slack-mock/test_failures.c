/* SPDX-License-Identifier: MIT */
/* slack-mock when a call or an allocation fails: it reports the failure, ends with the right status, and
 * leaks nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/startup.h"
#include "slack-mock/app.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/test.h"

#define STORED                                                                                               \
  "{\"id\":1,\"received_at\":\"2026-11-22T12:00:00.250Z\",\"channel\":\"#c\",\"payload\":{\"text\":\"a\"}}"

static char path[64];

static int start(int argc, char **argv) {
  startup();
  return mock_app_run(argc, argv);
}

/* The store's last line is incomplete, so that a start repairs it. */
static void store_make(int status) {
  (void)status;
  files_write(path, STORED "\n{\"id\":2,");
}

static const char *const options[] = {"slack-mock", "--listen", "127.0.0.1:0",       "--store",
                                      path,         "--hook",   "/services/T0/B0/x", NULL};
static const struct failing failing = {start, options, true, store_make};

static void place_make(void) {
  snprintf(path, sizeof path, "/tmp/slack-mock-fail-XXXXXX");
  int fd = mkstemp(path);
  ck_assert_int_ge(fd, 0);
  close(fd);
  store_make(0);
}

START_TEST(test_each_allocation_of_slack_mock) {
  place_make();
  unsigned count = failing_allocations(&failing);
  ck_assert_uint_ge(count, 30);
  unlink(path);
  TEST_FIGURE("test_each_allocation_of_slack_mock", "start of slack-mock: %u", count);
}
END_TEST

START_TEST(test_each_call_of_slack_mock) {
  static const struct {
    const char *name;
    int error;
  } cases[] = {{"socket", EMFILE},  {"bind", EADDRNOTAVAIL}, {"listen", EADDRINUSE},    {"open", EACCES},
               {"fstat", EIO},      {"flock", EWOULDBLOCK},  {"flock", ENOLCK},         {"dup", EMFILE},
               {"eventfd", EMFILE}, {"ftruncate", EIO},      {"pthread_create", EAGAIN}};
  place_make();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    failing_calls(&failing, cases[i].name, cases[i].error, "in use by another slack-mock");
  unlink(path);
  TEST_FIGURE("test_each_call_of_slack_mock", "start of slack-mock: %zu", sizeof cases / sizeof *cases);
}
END_TEST

START_TEST(test_options) {
  static const struct {
    const char *options[3];
    int status;
    const char *says;
  } cases[] = {
      {{"--hook", "/services/nobody"}, 2, "slack-mock: --hook requires a webhook's address"},
      {{"--listen", "nowhere"}, 2, "slack-mock: --listen: \"nowhere\" has no port"},
      {{"--nonsense"}, 2, "slack-mock: unknown or ambiguous option --nonsense\nTry slack-mock --help."},
      {{"--nonsense=x"}, 2, "unknown or ambiguous option --nonsense\n"},
      {{"-zx"}, 2, "unknown or ambiguous option -z\n"},
      {{"--h"}, 2, "unknown or ambiguous option --h\n"},
      {{"--help=x"}, 2, "slack-mock: --help takes no argument\n"},
      {{"--hook"}, 2, "slack-mock: --hook requires an argument\n"},
      {{"-s"}, 2, "slack-mock: -s requires an argument\n"},
      {{"/services/T0/B0/x"}, 2, "unexpected argument: a webhook's address; write --hook before it\n"},
      {{"more"}, 2, "unexpected argument: more"},
      {{"--store", "/nonexistent/store"}, 1, "--store: /nonexistent/store: No such file"},
      {{"--help"}, 0, "Usage: slack-mock"},
      {{"--version"}, 0, "slack-mock "},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *words[] = {"slack-mock", cases[i].options[0], cases[i].options[1], NULL};
    ck_assert_int_eq(failing_run(&(struct failing){start, words, false, NULL}), cases[i].status);
    ck_assert_msg(strstr(failing_said, cases[i].says) != NULL, "%s: %s", words[1], failing_said);
  }
}
END_TEST

TEST_MAIN("slack-mock failures", test_each_allocation_of_slack_mock, test_each_call_of_slack_mock,
          test_options)
