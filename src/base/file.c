/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns 0, or -1 with errno. */
static int check_regular(int fd) {
  struct stat info;
  if (fstat(fd, &info) != 0) return -1;
  if (S_ISREG(info.st_mode)) return 0;
  errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
  return -1;
}

static ssize_t read_start(int fd, char *out, size_t size) {
  size_t len = 0;
  while (len < size) {
    ssize_t got = read(fd, out + len, size - len);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    len += (size_t)got;
  }
  return (ssize_t)len;
}

ssize_t file_read(const char *path, char *out, size_t size) {
  assert(size > 0);
  *out = '\0';
  /* Without O_NONBLOCK, opening a named pipe would wait for a writer. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return -1;
  ssize_t len = check_regular(fd) == 0 ? read_start(fd, out, size - 1) : -1;
  int error = errno;
  close(fd);
  errno = error;
  out[len > 0 ? len : 0] = '\0';
  return len;
}

size_t file_write(int fd, const void *data, size_t len) {
  size_t done = 0;
  while (done < len) {
    ssize_t n = write(fd, (const char *)data + done, len - done);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) break;
    done += (size_t)n;
  }
  return done;
}

const char *file_open_error(int error) {
  if (error == ENXIO) return "it is a named pipe that no program reads, or a socket";
  return error == ELOOP ? "it is a symlink: name the file itself" : strerror(error);
}
