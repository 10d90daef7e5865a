/* SPDX-License-Identifier: MIT */
#include "config.h" /* first: GNU extensions */

#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

#include "support/test.h"

static int refused; /* what pthread_create() returns instead of a thread */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *cls);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *cls);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *cls) {
  return refused ? refused : __real_pthread_create(thread, attributes, run, cls);
}

struct seen {
  char name[THREAD_NAME_MAX + 1];
  sigset_t mask;
};

static void look(void *cls) {
  struct seen *seen = cls;
  pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
  pthread_sigmask(SIG_SETMASK, NULL, &seen->mask);
}

static void check_mask(const sigset_t *mask, bool blocked) {
  static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE, SIGXFSZ, SIGALRM};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    ck_assert_int_eq(sigismember(mask, signals[i]), blocked);
}

START_TEST(test_name_and_mask) {
  struct thread thread;
  struct seen seen;
  sigset_t mine;
  sigemptyset(&mine);
  pthread_sigmask(SIG_SETMASK, &mine, NULL);
  ck_assert_int_eq(thread_start(&thread, "fifteen-letters", look, &seen), 0);
  pthread_join(thread.id, NULL);
  ck_assert_str_eq(seen.name, "fifteen-letters");
  check_mask(&seen.mask, true);
  pthread_sigmask(SIG_SETMASK, NULL, &mine);
  check_mask(&mine, false);
}
END_TEST

START_TEST(test_failure_leaves_the_mask) {
  struct thread thread;
  sigset_t mine;
  sigemptyset(&mine);
  pthread_sigmask(SIG_SETMASK, &mine, NULL);
  refused = EAGAIN;
  ck_assert_int_eq(thread_start(&thread, "refused", look, NULL), EAGAIN);
  pthread_sigmask(SIG_SETMASK, NULL, &mine);
  check_mask(&mine, false);
}
END_TEST

TEST_MAIN("thread", test_name_and_mask, test_failure_leaves_the_mask)
