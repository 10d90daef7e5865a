/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "telemetry/logs/log_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "telemetry/core/stdout_turn.h"

enum { POLL_MS = 10, MODE = 0640, SUFFIX_SIZE = 12 };

struct tel_log_output {
  char *path;  /* NULL: standard output */
  int no_link; /* O_NOFOLLOW, or 0 */
  uint64_t max_bytes;
  unsigned keep;
  tel_log_give_up_fn *give_up;
  void *cls;
  char *from, *to; /* room for FILE.n */
  int fd;          /* -1: not open; lines are lost */
  bool regular;
  dev_t device;
  ino_t inode;
  uint64_t size;
  struct buf rest; /* the rest of a partly written line, to be completed first */
  bool torn;       /* the file's last line is incomplete: end it first */
};

/* Returns false if a crash or another program left the last line without a newline. */
static bool ends_in_newline(const char *path, uint64_t size) {
  char last = '\n';
  int fd = size ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
  if (fd < 0) return true;
  ssize_t n = pread(fd, &last, 1, (off_t)size - 1);
  close(fd);
  return n != 1 || last == '\n';
}

/* Opens the path and closes the old file. On failure (errno) returns false and keeps the old file. */
static bool open_path(struct tel_log_output *output) {
  struct stat st;
  /* Without O_NONBLOCK, opening a named pipe would wait for a reader. write_all() waits for a slow one. */
  int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | output->no_link;
  int fd = open(output->path, flags, MODE);
  if (fd < 0) return false;
  if (fstat(fd, &st) != 0) {
    int error = errno;
    close(fd);
    errno = error;
    return false;
  }
  if (output->fd >= 0) close(output->fd);
  output->fd = fd;
  output->regular = S_ISREG(st.st_mode);
  output->device = st.st_dev;
  output->inode = st.st_ino;
  output->size = output->regular ? (uint64_t)st.st_size : 0;
  output->torn = output->regular && !ends_in_newline(output->path, output->size);
  return true;
}

int tel_log_output_new(const char *path, bool no_link, uint64_t max_bytes, unsigned keep,
                       tel_log_give_up_fn *give_up, void *cls, struct tel_log_output **out) {
  int result = TEL_E_MEMORY, error = ENOMEM;
  struct tel_log_output *output = calloc(1, sizeof *output);
  if (!output) return TEL_E_MEMORY;
  output->no_link = no_link ? O_NOFOLLOW : 0;
  output->max_bytes = max_bytes;
  output->keep = keep;
  output->give_up = give_up;
  output->cls = cls;
  /* If standard output is closed, the next file or socket of the program gets its number. */
  output->fd = fcntl(STDOUT_FILENO, F_GETFD) < 0 ? -1 : STDOUT_FILENO;
  output->rest = (struct buf)BUF_INIT(SIZE_MAX / 2);
  if (*path) {
    output->fd = -1;
    output->path = strdup(path);
    output->from = malloc(strlen(path) + SUFFIX_SIZE);
    output->to = malloc(strlen(path) + SUFFIX_SIZE);
    if (!output->path || !output->from || !output->to) goto fail;
    if (!open_path(output)) {
      error = errno;
      result = TEL_E_SYSTEM;
      goto fail;
    }
  }
  *out = output;
  return 0;
fail:
  tel_log_output_free(output, &(struct tel_log_result){0});
  errno = error;
  return result;
}

static void failed(struct tel_log_result *result, enum tel_log_failure failure) {
  result->error = errno;
  result->failure = failure;
  result->failures[failure]++;
}

/* Gives up the rest of a line. The line stays incomplete. */
static void abandon_rest(struct tel_log_output *output, struct tel_log_result *result) {
  if (output->rest.len == 0) return;
  result->lost++;
  buf_reset(&output->rest);
}

/* Waits for a slow reader. Returns the number of written bytes; if less than len, errno says why. */
static size_t write_all(struct tel_log_output *output, const char *data, size_t len) {
  size_t done;
  for (done = 0; (done += file_write(output->fd, data + done, len - done)) < len;) {
    if ((errno != EAGAIN && errno != EWOULDBLOCK) || output->give_up(output->cls)) break;
    poll(&(struct pollfd){.fd = output->fd, .events = POLLOUT}, 1, POLL_MS);
  }
  output->size += done;
  return done;
}

/* Completes or ends a partly written last line. */
static bool settle(struct tel_log_output *output, struct tel_log_result *result) {
  if (output->torn) {
    if (write_all(output, "\n", 1) == 0) return false;
    output->torn = false;
  }
  struct buf *rest = &output->rest;
  if (rest->len == 0) return true;
  size_t done = write_all(output, rest->data, rest->len);
  if (done == rest->len) {
    buf_reset(rest);
    result->written++;
    return true;
  }
  memmove(rest->data, rest->data + done, rest->len - done);
  rest->len -= done;
  return false;
}

void tel_log_output_free(struct tel_log_output *output, struct tel_log_result *result) {
  if (!output) return;
  abandon_rest(output, result);
  if (output->path && output->fd >= 0) close(output->fd);
  buf_free(&output->rest);
  free(output->path);
  free(output->from);
  free(output->to);
  free(output);
}

void tel_log_output_reopen(struct tel_log_output *output, struct tel_log_result *result) {
  if (!output->path) return;
  if (output->fd >= 0 && !settle(output, result)) failed(result, TEL_LOG_FAILED_WRITE);
  if (open_path(output))
    abandon_rest(output, result);
  else
    failed(result, TEL_LOG_FAILED_REOPEN);
}

/* Reopens the file if the path names another one. */
static void follow_path(struct tel_log_output *output, struct tel_log_result *result) {
  struct stat st;
  if (!output->path) return;
  if (output->fd >= 0 && stat(output->path, &st) == 0 && st.st_dev == output->device &&
      st.st_ino == output->inode)
    return;
  tel_log_output_reopen(output, result);
  /* A renamed file can still take lines. Lines in a removed file would be lost. */
  if (output->fd >= 0 && fstat(output->fd, &st) == 0 && st.st_nlink == 0) {
    close(output->fd);
    output->fd = -1;
    output->torn = false;
    abandon_rest(output, result);
  }
}

static const char *numbered(const struct tel_log_output *output, char *room, unsigned n) {
  snprintf(room, strlen(output->path) + SUFFIX_SIZE, "%s.%u", output->path, n);
  return room;
}

/* The first number without a file, at most keep. keep may be UINT_MAX, so do not count down from it. */
static unsigned first_free(const struct tel_log_output *output) {
  unsigned n = 1;
  while (n < output->keep && access(numbered(output, output->to, n), F_OK) == 0) n++;
  return n;
}

/* Renames FILE.n to FILE.(n + 1) from the first free number down, then FILE to FILE.1. If keep is 0, empties
 * FILE instead. After a failure FILE still has its name, and only FILE.keep may be overwritten. */
static bool rotate(struct tel_log_output *output) {
  if (output->keep == 0) {
    if (ftruncate(output->fd, 0) != 0) return false;
    output->size = 0;
    return true;
  }
  for (unsigned n = first_free(output); n > 1; n--)
    if (rename(numbered(output, output->from, n - 1), numbered(output, output->to, n)) != 0) return false;
  if (rename(output->path, numbered(output, output->to, 1)) != 0) return false;
  if (open_path(output)) return true;
  int error = errno;
  rename(output->to, output->path);
  errno = error;
  return false;
}

/* How many bytes of whole lines fit into this file; 0: it is full. */
static size_t fitting(const struct tel_log_output *output, const char *lines, size_t len) {
  if (!output->path || !output->regular || output->max_bytes == 0) return len;
  uint64_t room = output->max_bytes > output->size ? output->max_bytes - output->size : 0;
  if (room >= len) return len;
  const char *last = memrchr(lines, '\n', (size_t)room);
  if (last) return (size_t)(last - lines) + 1;
  /* A line that exceeds the limit gets its own file. */
  return output->size == 0 ? (size_t)((const char *)memchr(lines, '\n', len) - lines) + 1 : 0;
}

static uint64_t count_lines(const char *lines, size_t len) {
  uint64_t count = 0;
  for (const char *end = lines + len; (lines = memchr(lines, '\n', (size_t)(end - lines))); lines++) count++;
  return count;
}

/* Called when only the first done bytes were written. Counts written and lost lines, and keeps the rest of a
 * partial line. */
static void keep_rest(struct tel_log_output *output, const char *lines, size_t done, size_t len,
                      struct tel_log_result *result) {
  result->written += count_lines(lines, done);
  result->lost += count_lines(lines + done, len - done);
  if (done == 0 || lines[done - 1] == '\n') return;
  size_t missing = (size_t)((const char *)memchr(lines + done, '\n', len - done) - (lines + done)) + 1;
  buf_append(&output->rest, lines + done, missing);
  if (buf_failed(&output->rest)) {
    buf_reset(&output->rest);
    output->torn = true;
  } else {
    result->lost--; /* the next call may complete it */
  }
}

static void write_lines(struct tel_log_output *output, const char *lines, size_t len,
                        struct tel_log_result *result) {
  follow_path(output, result);
  if (output->fd < 0 || !settle(output, result)) {
    if (output->fd >= 0) failed(result, TEL_LOG_FAILED_WRITE);
    result->lost += count_lines(lines, len);
    return;
  }
  while (len) {
    size_t n = fitting(output, lines, len);
    if (n == 0 && rotate(output)) {
      result->rotations++;
      continue;
    }
    if (n == 0) { /* rotation failed: exceed the limit rather than lose lines */
      failed(result, TEL_LOG_FAILED_ROTATE);
      n = len;
    }
    size_t done = write_all(output, lines, n);
    if (done < n) {
      failed(result, TEL_LOG_FAILED_WRITE);
      keep_rest(output, lines, done, len, result);
      return;
    }
    result->written += count_lines(lines, n);
    lines += n;
    len -= n;
  }
}

void tel_log_output_write(struct tel_log_output *output, const char *lines, size_t len,
                          struct tel_log_result *result) {
  bool shared = !output->path;
  if (shared && !tel_stdout_take(output->give_up, output->cls)) {
    errno = EAGAIN;
    failed(result, TEL_LOG_FAILED_WRITE);
    result->lost += count_lines(lines, len);
    return;
  }
  write_lines(output, lines, len, result);
  if (shared) tel_stdout_give();
}
