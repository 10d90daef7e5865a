/* SPDX-License-Identifier: MIT */
#include "app/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/test.h"

/* A service manager's socket. *name is its name as in NOTIFY_SOCKET. */
static int manager_open(const char *name) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  size_t len = strlen(name);
  memcpy(at.sun_path, name, len);
  if (*name == '@') at.sun_path[0] = '\0';
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  ck_assert_int_eq(
      bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
  return fd;
}

static void expect(int fd, const char *wanted) {
  char seen[200];
  ssize_t len = recv(fd, seen, sizeof seen - 1, MSG_DONTWAIT);
  ck_assert_int_ge(len, 0);
  seen[len] = '\0';
  ck_assert_str_eq(seen, wanted);
}

START_TEST(nobody_asked) {
  ck_assert_int_eq(app_notify(NULL, "READY=1"), 0);
  ck_assert_int_eq(app_notify("", "READY=1"), 0);
}
END_TEST

START_TEST(a_path_and_an_abstract_name) {
  char dir[] = "/tmp/minishop-notify-XXXXXX", path[64], abstract[64];
  ck_assert(mkdtemp(dir) != NULL);
  snprintf(path, sizeof path, "%s/s", dir);
  snprintf(abstract, sizeof abstract, "@minishop-test-%ld", (long)getpid());
  const char *names[] = {path, abstract};
  for (int i = 0; i < 2; i++) {
    int fd = manager_open(names[i]);
    ck_assert_int_eq(app_notify(names[i], "READY=1"), 0);
    expect(fd, "READY=1");
    close(fd);
  }
  unlink(path);
  rmdir(dir);
}
END_TEST

START_TEST(reloading_tells_the_time) {
  char name[64], seen[200] = "";
  unsigned long long us = 0;
  snprintf(name, sizeof name, "@minishop-test-r%ld", (long)getpid());
  int fd = manager_open(name);
  ck_assert_int_eq(app_notify_reloading(name), 0);
  ck_assert_int_gt(recv(fd, seen, sizeof seen - 1, MSG_DONTWAIT), 0);
  ck_assert_int_eq(sscanf(seen, "RELOADING=1\nMONOTONIC_USEC=%llu", &us), 1);
  ck_assert_uint_gt(us, 0);
  close(fd);
}
END_TEST

START_TEST(a_manager_that_is_gone_is_an_error_and_no_more) {
  char name[200];
  ck_assert_int_eq(app_notify("/nonexistent/socket", "READY=1"), -1);
  ck_assert_int_eq(errno, ENOENT);
  ck_assert_int_eq(app_notify("relative", "READY=1"), -1);
  ck_assert_int_eq(errno, EINVAL);
  memset(name, 'x', sizeof name);
  name[0] = '/';
  name[sizeof name - 1] = '\0';
  ck_assert_int_eq(app_notify(name, "READY=1"), -1);
  ck_assert_int_eq(errno, EINVAL);
}
END_TEST

TEST_MAIN("notify", nobody_asked, a_path_and_an_abstract_name, reloading_tells_the_time,
          a_manager_that_is_gone_is_an_error_and_no_more)
