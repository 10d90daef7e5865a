/* SPDX-License-Identifier: MIT */
/* Counts the system calls of each thread of a program. Usage: count_calls OUTPUT PROGRAM [ARGUMENT...]. The
 * file OUTPUT gets a line "TID CALLS" for each thread. Calls that wake or await another thread (futex, a
 * write to an eventfd) are not counted, because their number depends on timing. It needs no privileges. If
 * the kernel (before 5.3) or a sandbox does not allow a process to trace its child, it ends with 77. It
 * passes SIGTERM on. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS_MAX = 1024, CANNOT = 77, USAGE = 2, SYSCALL_STOP = SIGTRAP | 0x80 };

static struct thread {
  pid_t id;
  unsigned long calls;
} threads[THREADS_MAX];
static unsigned thread_count;
static pid_t child;

static void pass_on(int signal) {
  kill(child, signal);
}

static struct thread *thread_of(pid_t id) {
  for (unsigned i = 0; i < thread_count; i++)
    if (threads[i].id == id) return &threads[i];
  if (thread_count == THREADS_MAX) return &threads[THREADS_MAX - 1];
  threads[thread_count].id = id;
  return &threads[thread_count++];
}

static bool count(pid_t id) {
  struct __ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) < 0) return errno == ESRCH;
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return true;
  bool eventfd = info.entry.nr == SYS_write && info.entry.args[2] == sizeof(uint64_t);
  if (info.entry.nr != SYS_futex && !eventfd) thread_of(id)->calls++;
  return true;
}

static _Noreturn void run(char **argv) {
  if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(CANNOT);
  raise(SIGSTOP);
  execv(argv[0], argv);
  fprintf(stderr, "count_calls: cannot run %s: %s\n", argv[0], strerror(errno));
  _exit(EXIT_FAILURE);
}

/* Traces until the last thread has ended. Returns the program's status, or CANNOT. */
static int trace(void) {
  int status, result = EXIT_FAILURE;
  for (pid_t id; (id = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR;) {
    if (id < 0) continue;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (id == child) result = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
      continue;
    }
    int stop = WSTOPSIG(status);
    if (stop == SYSCALL_STOP && !count(id)) return CANNOT;
    bool own =
        stop == SYSCALL_STOP || stop == SIGSTOP || stop == SIGTRAP; /* the tracing's, not the program's */
    ptrace(PTRACE_SYSCALL, id, NULL, own ? 0 : stop);
  }
  return result;
}

int main(int argc, char **argv) {
  int status;
  if (argc < 3) {
    fprintf(stderr, "usage: count_calls OUTPUT PROGRAM [ARGUMENT...]\n");
    return USAGE;
  }
  child = fork();
  if (child == 0) run(argv + 2);
  if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) return CANNOT;
  long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SETOPTIONS, child, NULL, options) != 0) return CANNOT;
  sigaction(SIGTERM, &(struct sigaction){.sa_handler = pass_on}, NULL);
  ptrace(PTRACE_SYSCALL, child, NULL, 0);
  int result = trace();
  FILE *out = fopen(argv[1], "w");
  if (!out) return EXIT_FAILURE;
  for (unsigned i = 0; i < thread_count; i++) fprintf(out, "%d %lu\n", (int)threads[i].id, threads[i].calls);
  return fclose(out) == 0 ? result : EXIT_FAILURE;
}
