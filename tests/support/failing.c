/* SPDX-License-Identifier: MIT */
#include "support/failing.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/allocations.h"
#include "support/calls.h"
#include "support/test.h"

enum { WORDS_MAX = 24 };

char failing_said[16384];
static bool *reached; /* whether the run reached the failure; shared with the child */

/* The failure to inject. */
struct failure {
  unsigned allocation; /* its number, 0: none */
  const char *call;    /* or NULL */
  unsigned at;
  int error;
};

static void child(const struct failing *failing, const struct failure *failure, int output) {
  char *argv[WORDS_MAX + 1] = {NULL};
  int argc = 0;
  for (; failing->options[argc] && argc < WORDS_MAX; argc++) {
    static char words[WORDS_MAX][256]; /* a program may write to its arguments */
    argv[argc] = words[argc];
    snprintf(words[argc], sizeof words[argc], "%s", failing->options[argc]);
  }
  if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) _exit(99);
  close(output);
  if (failing->until_ready) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGTERM);
  }
  if (failure->call) calls_fail(failure->call, failure->at, failure->error);
  allocations_fail_at(failure->allocation);
  int result = failing->main(argc, argv);
  allocations_succeed();
  if (failure->allocation && allocations_count() >= failure->allocation) *reached = true;
  exit(result);
}

static int run(const struct failing *failing, struct failure failure) {
  int status;
  FILE *output = tmpfile();
  ck_assert_ptr_nonnull(output);
  if (!reached)
    reached = mmap(NULL, sizeof *reached, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ck_assert(reached != MAP_FAILED);
  *reached = false;
  calls_succeed();
  fflush(NULL);
  pid_t pid = fork();
  ck_assert_int_ge(pid, 0);
  if (pid == 0) child(failing, &failure, fileno(output));
  ck_assert_int_eq(waitpid(pid, &status, 0), pid);
  rewind(output);
  failing_said[fread(failing_said, 1, sizeof failing_said - 1, output)] = '\0';
  fclose(output);
  ck_assert_msg(WIFEXITED(status), "ended by signal %d: %s", WTERMSIG(status), failing_said);
  if (failing->check) failing->check(WEXITSTATUS(status));
  *reached |= calls_failed() > 0;
  return WEXITSTATUS(status);
}

int failing_run(const struct failing *failing) {
  return run(failing, (struct failure){.call = NULL});
}

unsigned failing_allocations(const struct failing *failing) {
  for (unsigned at = 1;; at++) {
    int status = run(failing, (struct failure){.allocation = at});
    ck_assert_msg(status == 0 || (*reached && status <= 2 && strstr(failing_said, "memory")),
                  "allocation %u: status %d: %s", at, status, failing_said);
    if (!*reached) return at - 1;
  }
}

void failing_calls(const struct failing *failing, const char *name, int error, const char *also) {
  for (unsigned at = 1;; at++) {
    int status = run(failing, (struct failure){.call = name, .at = at, .error = error});
    bool told = strstr(failing_said, strerror(error)) || (also && strstr(failing_said, also));
    ck_assert_msg(status == 0 || (*reached && status <= 2 && told), "%s %u: status %d: %s", name, at, status,
                  failing_said);
    ck_assert_msg(*reached || at > 1, "%s is not called", name);
    if (!*reached) return;
  }
}
