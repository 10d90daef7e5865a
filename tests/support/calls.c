/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* pipe2, setresuid */
#include "support/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

/* Result type, result of a failure, name, parameters, arguments. */
#define CALLS(CALL)                                                                                          \
  CALL(int, -1, pipe2, (int ends[2], int flags), (ends, flags))                                              \
  CALL(pid_t, -1, fork, (void), ())                                                                          \
  CALL(pid_t, -1, setsid, (void), ())                                                                        \
  CALL(pid_t, -1, waitpid, (pid_t pid, int *status, int options), (pid, status, options))                    \
  CALL(int, -1, chdir, (const char *path), (path))                                                           \
  CALL(char *, NULL, getcwd, (char *path, size_t size), (path, size))                                        \
  CALL(int, -1, dup, (int fd), (fd))                                                                         \
  CALL(int, -1, dup2, (int from, int to), (from, to))                                                        \
  CALL(ssize_t, -1, read, (int fd, void *data, size_t len), (fd, data, len))                                 \
  CALL(ssize_t, -1, write, (int fd, const void *data, size_t len), (fd, data, len))                          \
  CALL(ssize_t, -1, pwrite, (int fd, const void *data, size_t len, off_t at), (fd, data, len, at))           \
  CALL(int, -1, fstat, (int fd, struct stat *out), (fd, out))                                                \
  CALL(int, -1, fsync, (int fd), (fd))                                                                       \
  CALL(int, -1, ftruncate, (int fd, off_t size), (fd, size))                                                 \
  CALL(int, -1, flock, (int fd, int how), (fd, how))                                                         \
  CALL(int, -1, fchown, (int fd, uid_t user, gid_t group), (fd, user, group))                                \
  CALL(int, -1, rename, (const char *from, const char *to), (from, to))                                      \
  CALL(int, -1, unlink, (const char *path), (path))                                                          \
  CALL(int, -1, socket, (int family, int type, int protocol), (family, type, protocol))                      \
  CALL(int, -1, setsockopt, (int fd, int level, int name, const void *value, socklen_t len),                 \
       (fd, level, name, value, len))                                                                        \
  CALL(int, -1, getsockopt, (int fd, int level, int name, void *value, socklen_t *len),                      \
       (fd, level, name, value, len))                                                                        \
  CALL(int, -1, connect, (int fd, const struct sockaddr *to, socklen_t len), (fd, to, len))                  \
  CALL(int, -1, poll, (struct pollfd * fds, nfds_t count, int timeout_ms), (fds, count, timeout_ms))         \
  CALL(int, -1, bind, (int fd, const struct sockaddr *at, socklen_t len), (fd, at, len))                     \
  CALL(int, -1, listen, (int fd, int backlog), (fd, backlog))                                                \
  CALL(int, -1, getsockname, (int fd, struct sockaddr *at, socklen_t *len), (fd, at, len))                   \
  CALL(ssize_t, -1, send, (int fd, const void *data, size_t len, int flags), (fd, data, len, flags))         \
  CALL(ssize_t, -1, recv, (int fd, void *data, size_t len, int flags), (fd, data, len, flags))               \
  CALL(int, -1, eventfd, (unsigned value, int flags), (value, flags))                                        \
  CALL(uid_t, 0, geteuid, (void), ())                                                                        \
  CALL(struct passwd *, NULL, getpwnam, (const char *name), (name))                                          \
  CALL(int, -1, initgroups, (const char *name, gid_t group), (name, group))                                  \
  CALL(int, -1, setresgid, (gid_t real, gid_t effective, gid_t saved), (real, effective, saved))             \
  CALL(int, -1, setresuid, (uid_t real, uid_t effective, uid_t saved), (real, effective, saved))             \
  CALL(int, -1, setuid, (uid_t user), (user))                                                                \
  CALL(int, -1, seteuid, (uid_t user), (user))                                                               \
  CALL(int, -1, setegid, (gid_t group), (group))

static struct passwd entry = {.pw_name = (char[]){"nobody"}, .pw_uid = 12345, .pw_gid = 12345};
/* The result of a call that is skipped and succeeds. */
#define PRETENDED(name) _Generic(&__real_##name, struct passwd * (*)(const char *) : &entry, default : 0)

static const char *const names[] = {
#define NAME(result, failed, name, parameters, arguments) #name,
    CALLS(NAME) "open", "pthread_create", "prctl"};

static struct armed {
  const char *name;
  unsigned at, seen;
  int error;
} armed[16];
static unsigned armed_count;
static _Atomic unsigned *failures; /* shared with children */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void calls_fail(const char *name, unsigned at, int error) {
  size_t i = 0;
  while (i < sizeof names / sizeof *names && strcmp(names[i], name) != 0) i++;
  ck_assert_msg(i < sizeof names / sizeof *names, "%s is not wrapped", name);
  ck_assert_uint_lt(armed_count, sizeof armed / sizeof *armed);
  armed[armed_count++] = (struct armed){names[i], at, 0, error};
}

void calls_succeed(void) {
  if (!failures)
    failures = mmap(NULL, sizeof *failures, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ck_assert(failures != MAP_FAILED);
  pthread_mutex_lock(&lock);
  armed_count = 0;
  *failures = 0;
  pthread_mutex_unlock(&lock);
}

unsigned calls_failed(void) {
  return *failures;
}

/* Whether this call must not be made. *error is then its errno. */
static bool skipped(const char *name, int *error) {
  bool skip = false;
  pthread_mutex_lock(&lock);
  for (unsigned i = 0; i < armed_count && !skip; i++) {
    if (strcmp(armed[i].name, name) != 0) continue;
    skip = ++armed[i].seen == armed[i].at || armed[i].at == CALLS_ALL;
    *error = armed[i].error;
  }
  if (skip) ++*failures;
  pthread_mutex_unlock(&lock);
  return skip;
}

#define WRAPPER(result, failed, name, parameters, arguments)                                                 \
  result __real_##name parameters;                                                                           \
  result __wrap_##name parameters;                                                                           \
  result __wrap_##name parameters {                                                                          \
    int error = 0;                                                                                           \
    if (!skipped(#name, &error)) return __real_##name arguments;                                             \
    if (error == 0) return PRETENDED(name);                                                                  \
    errno = error;                                                                                           \
    return failed;                                                                                           \
  }
CALLS(WRAPPER)

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
  int error = 0;
  va_list more;
  va_start(more, flags);
  unsigned mode = flags & O_CREAT ? va_arg(more, unsigned) : 0;
  va_end(more);
  if (!skipped("open", &error)) return __real_open(path, flags, mode);
  errno = error;
  return -1;
}

int __real_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
  int error = 0;
  if (!skipped("prctl", &error)) return __real_prctl(what, a, b, c, d);
  errno = error;
  return error ? -1 : 0;
}

/* This function returns its error number. */
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *cls);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *cls);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *cls) {
  int error = 0;
  return skipped("pthread_create", &error) ? error : __real_pthread_create(thread, attr, run, cls);
}

/* The names of the two functions with _FORTIFY_SOURCE. */
ssize_t __real___read_chk(int fd, void *data, size_t len, size_t size);
ssize_t __wrap___read_chk(int fd, void *data, size_t len, size_t size);
ssize_t __wrap___read_chk(int fd, void *data, size_t len, size_t size) {
  int error = 0;
  if (!skipped("read", &error)) return __real___read_chk(fd, data, len, size);
  errno = error;
  return -1;
}

ssize_t __real___recv_chk(int fd, void *data, size_t len, size_t size, int flags);
ssize_t __wrap___recv_chk(int fd, void *data, size_t len, size_t size, int flags);
ssize_t __wrap___recv_chk(int fd, void *data, size_t len, size_t size, int flags) {
  int error = 0;
  if (!skipped("recv", &error)) return __real___recv_chk(fd, data, len, size, flags);
  errno = error;
  return -1;
}
