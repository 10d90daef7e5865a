/* The program when something that it needs fails: it says what, ends with the right status, and leaves
 * nothing behind. Each run is a process of its own, so that a sanitizer sees its leaks; SIGTERM waits for the
 * end of its start. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/app.h"
#include "app/privileges.h"
#include "base/clock.h"
#include "base/startup.h"
#include "support/allocations.h"
#include "support/calls.h"
#include "support/test.h"

enum { WORDS_MAX = 24 };

static char directory[64], said[16384];

static const char *path_of(const char *name) {
  static char paths[4][96];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", directory, name);
  return path;
}

static void place_make(void) {
  strcpy(directory, "/tmp/minishop-fail-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void place_remove(void) {
  static const char *const names[] = {"said", "log", "conf", "pid", "incident"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(path_of(names[i]));
  ck_assert_msg(rmdir(directory) == 0, "%s: %s", directory, strerror(errno));
}

/* In the child: what it says goes into a file. */
static int run_child(const char *const *options, bool daemon) {
  char name[] = "minishop", background[] = "--daemon", *argv[WORDS_MAX + 2] = {name};
  int argc = 1;
  for (; options[argc - 1] && argc < WORDS_MAX; argc++) argv[argc] = (char *)(uintptr_t)options[argc - 1];
  startup();
  if (daemon)
    argv[argc++] = background;
  else
    kill(getpid(), SIGTERM); /* blocked: the service takes it when it is ready */
  return app_main(argc, argv);
}

static void read_said(void) {
  FILE *file = fopen(path_of("said"), "r");
  ck_assert_ptr_nonnull(file);
  said[fread(said, 1, sizeof said - 1, file)] = '\0';
  fclose(file);
}

static void redirect(void) {
  int fd = open(path_of("said"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ck_assert(fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0);
  close(fd);
}

/* Waits for the end of a service in the background. */
static void daemon_end(void) {
  long pid = 0;
  FILE *file = fopen(path_of("pid"), "r");
  ck_assert_ptr_nonnull(file);
  ck_assert_int_eq(fscanf(file, "%ld", &pid), 1);
  fclose(file);
  ck_assert_int_eq(kill((pid_t)pid, SIGTERM), 0);
  while (kill((pid_t)pid, 0) == 0) clock_sleep_ns(CLOCK_NS_PER_MS); /* check's time limit ends this wait */
}

/* What is to fail in a run. */
struct failure {
  unsigned allocation; /* its number, 0 for none */
  const char *call;    /* or NULL */
  unsigned at;
  int error;
};

/* Whether it came to the failure. */
static bool *reached;

/* Returns the exit status; what was said is in said. */
static int run(const char *const *options, bool daemon, struct failure failure) {
  int status;
  if (!reached)
    reached = mmap(NULL, sizeof *reached, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ck_assert(reached != MAP_FAILED);
  *reached = false;
  calls_succeed();
  fflush(NULL);
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    redirect();
    if (failure.call) calls_fail(failure.call, failure.at, failure.error);
    allocations_fail_at(failure.allocation);
    int result = run_child(options, daemon);
    allocations_succeed();
    if (failure.allocation && allocations_count() >= failure.allocation) *reached = true;
    exit(result);
  }
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  read_said();
  ck_assert_msg(WIFEXITED(status), "ended by signal %d: %s", WTERMSIG(status), said);
  if (daemon && WEXITSTATUS(status) == 0) daemon_end();
  *reached |= calls_failed() > 0;
  /* An empty one is stale for the next start. */
  struct stat left = {.st_size = 0};
  ck_assert_msg(stat(path_of("pid"), &left) != 0 || left.st_size == 0, "the pid file is left: %s", said);
  return WEXITSTATUS(status);
}

static const char *const *usual(void) {
  static char conf[96], log[96], pid[96];
  static const char *const options[] = {"--config", conf,         "--listen", "127.0.0.1:0", "--log-file",
                                        log,        "--pid-file", pid,        NULL};
  snprintf(conf, sizeof conf, "%s/conf", directory);
  snprintf(log, sizeof log, "%s/log", directory);
  snprintf(pid, sizeof pid, "%s/pid", directory);
  FILE *file = fopen(conf, "w");
  ck_assert_ptr_nonnull(file);
  fputs("traces = { recent_bytes = 1048576; };\npayment = { latency_ms = 0; };\n"
        "metrics = { buckets = [0.1, 1.0]; };\n",
        file);
  fclose(file);
  return options;
}

/* Fails each allocation in turn: either the program can do without, or it says so. */
static void walk_allocations(const char *const *options, unsigned at_least) {
  for (unsigned at = 1;; at++) {
    int status = run(options, false, (struct failure){.allocation = at});
    if (!*reached) {
      ck_assert_msg(status == 0, "%s", said);
      ck_assert_uint_gt(at, at_least);
      return;
    }
    ck_assert_msg(status == 0 || (status <= 2 && strstr(said, "memory")), "allocation %u: status %d: %s", at,
                  status, said);
  }
}

START_TEST(test_each_allocation_of_a_start) {
  place_make();
  walk_allocations(usual(), 100);
  place_remove();
}
END_TEST

/* Fails each call of this name in turn. Returns how many there are. */
static unsigned walk_calls(const char *name, int error, bool daemon) {
  for (unsigned at = 1;; at++) {
    int status = run(usual(), daemon, (struct failure){.call = name, .at = at, .error = error});
    if (!*reached) {
      ck_assert_msg(status == 0, "%s", said);
      return at - 1;
    }
    bool told = strstr(said, strerror(error)) || strstr(said, "is not a plain file");
    ck_assert_msg(status == 0 || (status <= 2 && told), "%s %u: status %d: %s", name, at, status, said);
  }
}

START_TEST(test_each_call_of_a_start) {
  static const struct {
    const char *name;
    int error;
  } cases[] = {{"socket", EMFILE},
               {"setsockopt", EINVAL},
               {"bind", EACCES},
               {"listen", EADDRINUSE},
               {"getsockname", ENOBUFS},
               {"flock", EIO},
               {"flock", ENOLCK},
               {"ftruncate", ENOSPC},
               {"pwrite", ENOSPC},
               {"fstat", EIO},
               {"read", EIO},
               {"read", EINTR},
               {"open", EACCES},
               {"eventfd", EMFILE},
               {"pthread_create", EAGAIN},
               {"getcwd", ENOENT},
               {"write", ENOSPC}};
  place_make();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(walk_calls(cases[i].name, cases[i].error, false) > 0, "%s is not called", cases[i].name);
  place_remove();
}
END_TEST

START_TEST(test_each_call_on_the_way_to_the_background) {
  static const struct {
    const char *name;
    int error;
  } cases[] = {{"pipe2", EMFILE}, {"fork", EAGAIN},   {"setsid", EPERM}, {"chdir", EACCES},
               {"dup2", EBUSY},   {"waitpid", EINTR}, {"read", EINTR},   {"write", EINTR},
               {"open", EMFILE},  {"socket", EMFILE}};
  place_make();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(walk_calls(cases[i].name, cases[i].error, true) > 0, "%s is not called", cases[i].name);
  place_remove();
}
END_TEST

/* To run as another user, without being root: what only root can do is taken for done. */
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
  usual();
  struct app_identity root, identity = {.name = "nobody", .uid = 12345, .gid = 12345};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct app_error error = {""};
    calls_succeed();
    calls_fail(cases[i].name, 1, cases[i].error);
    /* Not root, so that the last check finds nobody who can become it again. */
    calls_fail("setuid", CALLS_ALL, EPERM);
    calls_fail("seteuid", CALLS_ALL, EPERM);
    calls_fail("setegid", CALLS_ALL, EPERM);
    become_root();
    int result = app_identity_find("nobody", &root, &error);
    if (result == 0) result = app_identity_give(&identity, path_of("log"), &error);
    if (result == 0) result = app_identity_assume(&identity, &error);
    calls_succeed();
    ck_assert_int_eq(result, -1);
    ck_assert_msg(strstr(error.text, cases[i].says) != NULL, "%s: %s", cases[i].name, error.text);
  }
  place_remove();
}
END_TEST

TEST_MAIN("failures", test_each_allocation_of_a_start, test_each_call_of_a_start,
          test_each_call_on_the_way_to_the_background, test_each_step_to_another_user)
