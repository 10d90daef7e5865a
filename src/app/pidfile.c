/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "app/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/config.h"
#include "base/file.h"

struct app_pidfile {
  int fd;
  char path[APP_TEXT_SIZE];
};

enum { TRIES = 16 };

/* Whether the path still names the file: 1. 0: another process has replaced it. -1: unknown, or removed. */
static int names(const char *path, int fd) {
  struct stat opened, named;
  if (fstat(fd, &opened) != 0 || lstat(path, &named) != 0) return -1;
  return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* Locks the file and checks that the path still names it: the previous process may have removed it between
 * our open and our lock. Returns 1 if it is ours, 0 to try again, -1 with a text in error. Uses flock(): a
 * lock of fcntl() would end as soon as any code in this process opened and closed the file. */
static int lock(int fd, const char *path, struct error *error) {
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char pid[24] = "";
    if (errno != EWOULDBLOCK) {
      error_set(error, "cannot lock the pid file %s: %s", path, strerror(errno));
      return -1;
    }
    ssize_t len = pread(fd, pid, sizeof pid - 1, 0);
    pid[len > 0 ? len : 0] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    error_set(error, "minishop is already running with pid %s: it holds the pid file %s",
              *pid ? pid : "unknown", path);
    return -1;
  }
  return names(path, fd) > 0;
}

static int open_locked(const char *path, struct error *error) {
  for (int i = 0; i < TRIES; i++) {
    /* Refuse symlinks: root may be writing to a directory that others can write to. */
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0644);
    if (fd < 0) {
      error_set(error, "cannot open the pid file %s: %s", path, file_open_error(errno));
      return -1;
    }
    struct stat info;
    int result = -1;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink > 1)
      error_set(error, "the pid file %s is not a plain file", path);
    else
      result = lock(fd, path, error);
    if (result > 0) return fd;
    close(fd);
    if (result < 0) return -1;
  }
  error_set(error, "cannot lock the pid file %s: other processes keep locking and removing it", path);
  return -1;
}

int app_pidfile_take(const char *path, uid_t owner, gid_t group, struct app_pidfile **out,
                     struct error *error) {
  char text[24];
  *out = NULL;
  if (!path || !*path) return 0;
  struct app_pidfile *file = calloc(1, sizeof *file);
  if (!file) {
    error_set(error, "out of memory");
    return -1;
  }
  snprintf(file->path, sizeof file->path, "%s", path);
  file->fd = open_locked(path, error);
  if (file->fd < 0) {
    free(file);
    return -1;
  }
  int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
  if (ftruncate(file->fd, 0) != 0 || pwrite(file->fd, text, (size_t)len, 0) != len ||
      (geteuid() == 0 && fchown(file->fd, owner, group) != 0)) {
    error_set(error, "cannot write the pid file %s: %s", path, strerror(errno));
    app_pidfile_free(file);
    return -1;
  }
  *out = file;
  return 0;
}

void app_pidfile_free(struct app_pidfile *file) {
  if (!file) return;
  /* Remove it while we hold the lock, or we might remove another process's file. */
  bool other = names(file->path, file->fd) == 0;
  if (!other && unlink(file->path) != 0 && ftruncate(file->fd, 0) != 0) {
    /* the next start detects the stale file */
  }
  close(file->fd);
  free(file);
}
