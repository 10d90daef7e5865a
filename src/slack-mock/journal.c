/* SPDX-License-Identifier: MIT */
#include "slack-mock/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* slack-mock never writes a larger file. The limit bounds how much it reads. */
enum { FILE_MAX_BYTES = 256 << 20 };

struct mock_journal {
  char *path;
  int fd;
  size_t size; /* of the complete lines; appends start there */
};

/* Returns 0, or -1 with a message in error. */
static int open_locked(struct mock_journal *journal, struct error *error) {
  struct stat st, named;
  const char *why = NULL;
  /* Without O_NONBLOCK, opening a named pipe would block forever. */
  journal->fd = open(journal->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
  if (journal->fd < 0 || fstat(journal->fd, &st) != 0)
    why = strerror(errno);
  else if (!S_ISREG(st.st_mode))
    why = "not a regular file";
  else if (st.st_size > FILE_MAX_BYTES)
    why = "too large for a store of slack-mock";
  else if (flock(journal->fd, LOCK_EX | LOCK_NB) != 0)
    why = errno == EWOULDBLOCK ? "in use by another slack-mock" : strerror(errno);
  else if (stat(journal->path, &named) != 0 || named.st_dev != st.st_dev || named.st_ino != st.st_ino)
    /* Another slack-mock rewrote the file between our open and our lock. */
    why = "in use by another slack-mock";
  if (why) error_set(error, "%s: %s", journal->path, why);
  return why ? -1 : 0;
}

/* Returns 0, or -1 with a message in error. */
static int read_lines(struct mock_journal *journal, journal_line_fn line_fn, void *cls, struct error *error) {
  int copy = dup(journal->fd);
  FILE *in = copy >= 0 ? fdopen(copy, "r") : NULL;
  char *line = NULL;
  size_t cap = 0, number = 0;
  const char *why = NULL;
  ssize_t n;
  if (!in) {
    error_set(error, "%s: %s", journal->path, strerror(errno));
    if (copy >= 0) close(copy);
    return -1;
  }
  while (!why && (n = getline(&line, &cap, in)) > 0) {
    size_t len = (size_t)n;
    bool whole = line[len - 1] == '\n';
    number++;
    if (whole) line[len - 1] = '\0';
    why = line_fn(cls, line, whole ? len - 1 : len, whole);
    if (!why) journal->size += len;
    if (!whole) {
      if (!why && mock_journal_append(journal, "", 0) != 0)
        why = strerror(errno);
      else if (why && !*why)
        why = ftruncate(journal->fd, (off_t)journal->size) == 0 ? NULL : strerror(errno);
      break;
    }
  }
  if (why)
    error_set(error, "%s:%zu: %s", journal->path, number, why);
  else if (ferror(in))
    error_set(error, "%s: %s", journal->path, why = strerror(errno));
  free(line);
  fclose(in);
  return why ? -1 : 0;
}

struct mock_journal *mock_journal_open(const char *path, journal_line_fn line_fn, void *cls,
                                       struct error *error) {
  struct mock_journal *journal = calloc(1, sizeof *journal);
  if (journal) {
    journal->fd = -1;
    journal->path = strdup(path);
  }
  if (!journal || !journal->path)
    error_set(error, "%s: %s", path, strerror(ENOMEM));
  else if (open_locked(journal, error) == 0 && read_lines(journal, line_fn, cls, error) == 0)
    return journal;
  mock_journal_free(journal);
  return NULL;
}

void mock_journal_free(struct mock_journal *journal) {
  if (!journal) return;
  if (journal->fd >= 0) close(journal->fd);
  free(journal->path);
  free(journal);
}

int mock_journal_append(struct mock_journal *journal, const char *line, size_t len) {
  if (file_write(journal->fd, line, len) == len && file_write(journal->fd, "\n", 1) == 1) {
    journal->size += len + 1;
    return 0;
  }
  int why = errno;
  /* The next line would continue a partial one. Truncation works on a full disk too. */
  if (ftruncate(journal->fd, (off_t)journal->size) != 0) why = errno;
  errno = why;
  return -1;
}

int mock_journal_rewrite(struct mock_journal *journal, const char *content, size_t len) {
  char path[PATH_MAX];
  if ((size_t)snprintf(path, sizeof path, "%s.new", journal->path) >= sizeof path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  /* Do not write to an existing file: a crash may have left it, or another user may have made it. */
  unlink(path);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && file_write(fd, content, len) == len && fsync(fd) == 0 &&
      rename(path, journal->path) == 0) {
    close(journal->fd);
    journal->fd = fd;
    journal->size = len;
    return 0;
  }
  int why = errno;
  if (fd >= 0) {
    close(fd);
    unlink(path);
  }
  errno = why;
  return -1;
}

size_t mock_journal_size(const struct mock_journal *journal) {
  return journal->size;
}
