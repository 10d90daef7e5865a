/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/test.h"

/* What the next calls of read() and write() do: fail with this error number, or transfer at most one byte.
 * All calls before and after them behave normally. */
enum { ONE_BYTE = -1, NOTHING = -2, END = 0 };
static const int *next = (const int[]){END};

ssize_t __real_read(int fd, void *data, size_t len);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);

/* How many bytes the call may transfer; -1 with errno: it fails. */
static ssize_t allowed(size_t len) {
  if (*next == END) return (ssize_t)len;
  int what = *next++;
  if (what == ONE_BYTE) return 1;
  if (what == NOTHING) return 0;
  errno = what;
  return -1;
}

ssize_t __wrap_read(int fd, void *data, size_t len) {
  ssize_t n = allowed(len);
  return n > 0 ? __real_read(fd, data, (size_t)n) : n;
}

ssize_t __wrap_write(int fd, const void *data, size_t len) {
  ssize_t n = allowed(len);
  return n > 0 ? __real_write(fd, data, (size_t)n) : n;
}

static char path[] = "./test_file.XXXXXX";

/* A new file with this content, open for writing. */
static int make_file(const char *content) {
  strcpy(path + sizeof path - 7, "XXXXXX");
  int fd = mkstemp(path);
  ck_assert_int_ge(fd, 0);
  ck_assert_uint_eq(file_write(fd, content, strlen(content)), strlen(content));
  return fd;
}

START_TEST(test_reads_all) {
  static const int interruptions[] = {EINTR, ONE_BYTE, EINTR, EINTR, ONE_BYTE, END};
  char out[16] = "xxx";
  close(make_file("hello"));
  next = interruptions;
  ck_assert_int_eq(file_read(path, out, sizeof out), 5);
  ck_assert_int_eq(*next, END);
  ck_assert_str_eq(out, "hello");
  unlink(path);
}
END_TEST

START_TEST(test_reads_the_start_of_a_larger_file) {
  char out[6];
  close(make_file("hello, world"));
  ck_assert_int_eq(file_read(path, out, sizeof out), 5);
  ck_assert_str_eq(out, "hello");
  ck_assert_int_eq(file_read(path, out, 1), 0);
  ck_assert_str_eq(out, "");
  unlink(path);
}
END_TEST

static void check_refused(const char *what, int error) {
  char out[16] = "xxx";
  ck_assert_int_eq(file_read(what, out, sizeof out), -1);
  ck_assert_int_eq(errno, error);
  ck_assert_str_eq(out, "");
}

START_TEST(test_refuses_what_is_not_a_regular_file) {
  static const int failure[] = {ONE_BYTE, EIO, END};
  check_refused(".", EISDIR);
  check_refused("/dev/zero", EINVAL);
  check_refused("./no-such-file", ENOENT);
  close(make_file("hello"));
  next = failure;
  check_refused(path, EIO); /* in the middle */
  unlink(path);
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  check_refused(path, EINVAL); /* does not wait for a writer */
  unlink(path);
}
END_TEST

START_TEST(test_writes_all) {
  static const int interruptions[] = {EINTR, ONE_BYTE, EINTR, ONE_BYTE, END};
  char out[16];
  int fd = make_file("");
  next = interruptions;
  ck_assert_uint_eq(file_write(fd, "hello", 5), 5);
  ck_assert_int_eq(*next, END);
  ck_assert_int_eq(file_read(path, out, sizeof out), 5);
  ck_assert_str_eq(out, "hello");
  ck_assert_uint_eq(file_write(fd, "", 0), 0);
  close(fd);
  unlink(path);
}
END_TEST

START_TEST(test_tells_how_far_a_failed_write_came) {
  static const struct {
    int results[4];
    size_t written;
    int error;
  } cases[] = {{{ENOSPC, END}, 0, ENOSPC},
               {{ONE_BYTE, ONE_BYTE, ENOSPC, END}, 2, ENOSPC},
               {{ONE_BYTE, EAGAIN, END}, 1, EAGAIN},
               {{ONE_BYTE, NOTHING, END}, 1, EIO}};
  int fd = make_file("");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    next = cases[i].results;
    ck_assert_uint_eq(file_write(fd, "hello", 5), cases[i].written);
    ck_assert_int_eq(errno, cases[i].error);
  }
  close(fd);
  unlink(path);
}
END_TEST

TEST_MAIN("file", test_reads_all, test_reads_the_start_of_a_larger_file,
          test_refuses_what_is_not_a_regular_file, test_writes_all, test_tells_how_far_a_failed_write_came)
