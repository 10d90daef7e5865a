/* SPDX-License-Identifier: MIT */
#include "base/forks.h"

#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

START_TEST(test_forks_are_counted_in_the_child) {
  int status;
  forks_watch();
  forks_watch(); /* the second call does nothing */
  ck_assert_uint_eq(forks_generation(), 0);
  pid_t child = fork();
  if (child == 0) {
    pid_t second = fork();
    if (second == 0) _exit(forks_generation() == 2 ? 0 : 1);
    _exit(waitpid(second, &status, 0) == second && status == 0 && forks_generation() == 1 ? 0 : 1);
  }
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  ck_assert_uint_eq(forks_generation(), 0);
}
END_TEST

TEST_MAIN("forks", test_forks_are_counted_in_the_child)
