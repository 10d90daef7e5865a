/* SPDX-License-Identifier: MIT */
/* The program when a call or an allocation fails: it reports the failure, ends with the right status, and
 * leaks nothing. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/app.h"
#include "app/privileges.h"
#include "base/startup.h"
#include "support/calls.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/loopback.h"
#include "support/test.h"

static char directory[64], conf[80], log_file[80], pid_file[80];

static void place_make(void) {
  strcpy(directory, "/tmp/minishop-fail-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(directory));
  snprintf(conf, sizeof conf, "%s/conf", directory);
  snprintf(log_file, sizeof log_file, "%s/log", directory);
  snprintf(pid_file, sizeof pid_file, "%s/pid", directory);
  files_write(conf, "traces = { recent_bytes = 1048576; };\npayment = { latency_ms = 0; };\n"
                    "metrics = { buckets = [0.1, 1.0]; };\n");
}

static void place_remove(void) {
  unlink(conf);
  unlink(log_file);
  unlink(pid_file);
  ck_assert_msg(rmdir(directory) == 0, "%s: %s", directory, strerror(errno));
}

static int start(int argc, char **argv) {
  startup();
  return app_main(argc, argv);
}

/* An empty pid file is stale for the next start. */
static void check_pid_file(int status) {
  struct stat left = {.st_size = 0};
  (void)status;
  ck_assert_msg(stat(pid_file, &left) != 0 || left.st_size == 0, "the pid file is left: %s", failing_said);
}

/* Ends the service that was started in the background. */
static void end_daemon(int status) {
  long pid = 0;
  int how;
  if (status == 0) {
    FILE *file = fopen(pid_file, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%ld", &pid), 1);
    fclose(file);
    ck_assert_int_eq(kill((pid_t)pid, SIGTERM), 0);
    ck_assert_int_eq(waitpid((pid_t)pid, &how, 0), pid);
    ck_assert_msg(WIFEXITED(how) && WEXITSTATUS(how) == 0, "%d: %s", how, failing_said);
  }
  check_pid_file(status);
}

static const char *const options[] = {"minishop",   "--config", conf,         "--listen", "127.0.0.1:0",
                                      "--log-file", log_file,   "--pid-file", pid_file,   NULL};
static const char *const background_options[] = {"minishop",    "--config",   conf,     "--listen",
                                                 "127.0.0.1:0", "--log-file", log_file, "--pid-file",
                                                 pid_file,      "--daemon",   NULL};
static const struct failing foreground = {start, options, true, check_pid_file},
                            background = {start, background_options, false, end_daemon};

START_TEST(test_each_allocation_of_a_start) {
  place_make();
  unsigned count = failing_allocations(&foreground);
  ck_assert_uint_ge(count, 100);
  place_remove();
  TEST_FIGURE("test_each_allocation_of_a_start", "start of minishop: %u allocations", count);
}
END_TEST

struct failing_call {
  const char *name;
  int error;
};

static void each_call(const struct failing *failing, const struct failing_call *cases, size_t count) {
  place_make();
  for (size_t i = 0; i < count; i++)
    failing_calls(failing, cases[i].name, cases[i].error, "is not a plain file");
  place_remove();
}

START_TEST(test_each_call_of_a_start) {
  static const struct failing_call cases[] = {
      {"socket", EMFILE}, {"setsockopt", EINVAL},   {"bind", EACCES},    {"listen", EADDRINUSE},
      {"flock", EIO},     {"getsockname", ENOBUFS}, {"flock", ENOLCK},   {"ftruncate", ENOSPC},
      {"pwrite", ENOSPC}, {"fstat", EIO},           {"eventfd", EMFILE}, {"pthread_create", EAGAIN},
      {"open", EACCES},   {"getcwd", ENOENT},       {"write", ENOSPC},   {"bind", EADDRNOTAVAIL},
      {"unlink", EACCES}, {"socket", EAFNOSUPPORT}};
  each_call(&foreground, cases, sizeof cases / sizeof *cases);
  TEST_FIGURE("test_each_call_of_a_start", "start of minishop: %zu kinds of failures",
              sizeof cases / sizeof *cases);
}
END_TEST

START_TEST(test_each_call_on_the_way_to_the_background) {
  ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0),
                   0); /* the service becomes a child of this test */
  static const struct failing_call cases[] = {{"pipe2", EMFILE}, {"fork", EAGAIN}, {"setsid", EPERM},
                                              {"chdir", EACCES}, {"dup2", EBUSY},  {"waitpid", EINTR},
                                              {"read", EINTR},   {"write", EINTR}, {"open", EMFILE}};
  each_call(&background, cases, sizeof cases / sizeof *cases);
  TEST_FIGURE("test_each_call_on_the_way_to_the_background", "to the background: %zu",
              sizeof cases / sizeof *cases);
}
END_TEST

/* Acts as a ready service, for any number of clients, in a process of its own: the test forks, and a thread
 * that starts meanwhile can hold a lock of the sanitizer. */
static pid_t serve(int fd) {
  static const char ready[] = "HTTP/1.1 200 OK\r\n\r\n";
  char request[512];
  pid_t pid = fork();
  ck_assert_int_ge(pid, 0);
  if (pid > 0) return pid;
  for (int client; (client = accept(fd, NULL, NULL)) >= 0; close(client))
    if (recv(client, request, sizeof request, 0) > 0) send(client, ready, sizeof ready - 1, MSG_NOSIGNAL);
  _exit(0);
}

START_TEST(test_each_call_of_a_health_check) {
  static const struct failing_call cases[] = {
      {"socket", EMFILE}, {"connect", ECONNREFUSED}, {"send", EPIPE},  {"recv", ECONNRESET},
      {"recv", EINTR},    {"recv", EAGAIN},          {"poll", ENOMEM}, {"poll", EINTR}};
  char address[32];
  unsigned port;
  int fd = loopback_listen(&port);
  pid_t server = serve(fd);
  snprintf(address, sizeof address, "0.0.0.0:%u", port);
  const char *words[] = {"minishop", "--healthcheck", "--listen", address, NULL};
  const struct failing check = {start, words, false, NULL};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    failing_calls(&check, cases[i].name, cases[i].error, NULL);
  kill(server, SIGKILL);
  waitpid(server, NULL, 0);
  close(fd);
  snprintf(address, sizeof address, "[::]:%u", port);
  ck_assert_int_eq(failing_run(&check), 1);
  ck_assert_msg(strstr(failing_said, "no response from [::]:") != NULL, "%s", failing_said);
  snprintf(address, sizeof address, "nowhere");
  ck_assert_int_ne(failing_run(&check), 0);
}
END_TEST

/* Running as another user without being root: calls that only root can make are skipped and succeed. */
static void become_root(void) {
  static const char *const done[] = {"getpwnam", "geteuid", "initgroups", "setresgid", "setresuid", "fchown"};
  for (size_t i = 0; i < sizeof done / sizeof *done; i++) calls_fail(done[i], CALLS_ALL, 0);
}

START_TEST(test_each_step_to_another_user) {
  static const struct {
    const char *name;
    int error;
    const char *says;
  } cases[] = {{"initgroups", EPERM, "cannot become nobody: Operation not permitted"},
               {"setresgid", EPERM, "cannot become nobody: Operation not permitted"},
               {"setresuid", EAGAIN, "cannot become nobody: Resource temporarily unavailable"},
               {"setuid", 0, "could become root again after becoming nobody"},
               {"seteuid", 0, "could become root again after becoming nobody"},
               {"setegid", 0, "could become root again after becoming nobody"},
               {"prctl", EPERM, "cannot give up privileges: Operation not permitted"},
               {"fchown", EPERM, "Operation not permitted"},
               {"getpwnam", EIO, "unknown user \"nobody\": Input/output error"},
               {"getpwnam", ENOENT, "unknown user \"nobody\""}};
  place_make();
  struct app_identity root, identity = {.name = "nobody", .uid = 12345, .gid = 12345};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct error error = {""};
    calls_succeed();
    calls_fail(cases[i].name, 1, cases[i].error);
    /* Not root, so that the final check cannot become root again. */
    calls_fail("setuid", CALLS_ALL, EPERM);
    calls_fail("seteuid", CALLS_ALL, EPERM);
    calls_fail("setegid", CALLS_ALL, EPERM);
    become_root();
    int result = app_identity_find("nobody", &root, &error);
    if (result == 0) result = app_identity_give(&identity, log_file, &error);
    if (result == 0) result = app_identity_assume(&identity, &error);
    calls_succeed();
    ck_assert_int_eq(result, -1);
    ck_assert_msg(strstr(error.text, cases[i].says) != NULL, "%s: %s", cases[i].name, error.text);
  }
  place_remove();
}
END_TEST

TEST_MAIN("failures", test_each_allocation_of_a_start, test_each_call_of_a_start,
          test_each_call_on_the_way_to_the_background, test_each_call_of_a_health_check,
          test_each_step_to_another_user)
