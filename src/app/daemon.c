/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "app/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/startup.h"

static int null_to(int fd) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return -1;
  int result = dup2(null, fd);
  close(null);
  return result < 0 ? -1 : 0;
}

static int wait_for_child(int fd, pid_t intermediate) {
  unsigned char status;
  ssize_t got;
  while (waitpid(intermediate, NULL, 0) < 0 && errno == EINTR) {
  }
  do got = read(fd, &status, 1);
  while (got < 0 && errno == EINTR);
  close(fd);
  if (got == 1) return status;
  fprintf(stderr, "minishop: the service died during startup\n");
  return EXIT_FAILURE;
}

static int fail(const char *what) {
  fprintf(stderr, "minishop: cannot run in the background: %s: %s\n", what, strerror(errno));
  return EXIT_FAILURE;
}

int app_daemon_start(struct app_daemon *daemon) {
  int ends[2];
  daemon->ready_fd = -1;
  if (pipe2(ends, O_CLOEXEC) != 0) return fail("pipe");
  fflush(NULL);
  pid_t child = fork();
  if (child < 0) return fail("fork");
  if (child > 0) {
    close(ends[1]);
    startup_release_signals();
    return wait_for_child(ends[0], child);
  }
  close(ends[0]);
  daemon->ready_fd = ends[1];
  /* The second child is not a session leader, so it cannot acquire a controlling terminal. */
  pid_t second = setsid() < 0 ? -1 : fork();
  if (second > 0) _exit(EXIT_SUCCESS);
  if (second < 0 || chdir("/") != 0 || null_to(STDIN_FILENO) != 0) {
    app_daemon_report(daemon, fail("setsid, fork, chdir"));
    _exit(EXIT_FAILURE);
  }
  umask(027);
  return -1;
}

void app_daemon_report(struct app_daemon *daemon, int status) {
  unsigned char byte = (unsigned char)status;
  if (daemon->ready_fd < 0) return;
  (void)file_write(daemon->ready_fd, &byte, 1); /* ignore the error: the parent may have ended */
  close(daemon->ready_fd);
  daemon->ready_fd = -1;
}

void app_daemon_ready(struct app_daemon *daemon) {
  if (daemon->ready_fd < 0) return;
  fflush(NULL);
  /* If /dev/null cannot be opened, standard output and error stay open. That is harmless. */
  if (null_to(STDOUT_FILENO) == 0) null_to(STDERR_FILENO);
  app_daemon_report(daemon, EXIT_SUCCESS);
}
