/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/filter.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/drain.h"
#include "server/fixture.h"
#include "server/server_private.h"
#include "support/loopback.h"
#include "support/test.h"

enum { CROWD = 1000, WAITING = 200 };
#define HOLD "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"
#define ASK "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static struct fixture f;
static unsigned cut_off;

static void *drain(void *cls) {
  (void)cls;
  cut_off = server_drain(f.server, clock_mono_ns() + 50 * CLOCK_NS_PER_S);
  return NULL;
}

static pthread_t drain_begin(void) {
  pthread_t thread;
  ck_assert_int_eq(pthread_create(&thread, NULL, drain, NULL), 0);
  FIXTURE_AWAIT(server_draining(f.server));
  return thread;
}

static bool refused(void) {
  int fd = loopback_connect(address_port(server_address(f.server)));
  if (fd < 0) return errno == ECONNREFUSED;
  close(fd);
  return false;
}

static void finish(pthread_t thread) {
  pthread_join(thread, NULL);
  server_free(f.server);
  ck_assert_uint_eq(cut_off, 0);
  ck_assert_uint_eq(atomic_load(&f.observed), atomic_load(&f.ended));
}

/* Every request in flight gets a response with "Connection: close", and no other client gets in. */
START_TEST(crowd) {
  static int fds[CROWD];
  char reply[4096];
  fixture_start_in(&f, 0);
  for (int i = 0; i < CROWD; i++) {
    fds[i] = wire_connect(&f);
    wire_puts(fds[i], HOLD);
  }
  FIXTURE_AWAIT(server_in_flight(f.server) == CROWD);
  pthread_t thread = drain_begin();
  FIXTURE_AWAIT(refused());
  fixture_release(&f);
  for (int i = 0; i < CROWD; i++) {
    wire_read_all(fds[i], reply, sizeof reply);
    ck_assert_msg(wire_status(reply) == 200, "%d: %s", i, reply);
    ck_assert_ptr_nonnull(strstr(reply, "\r\nConnection: close\r\n"));
  }
  finish(thread);
  ck_assert_uint_eq(atomic_load(&f.handled), CROWD);
}
END_TEST

/* When the drain starts, there are connecting clients, unread requests and running requests. None may be lost
 * without a response: accepted ones are served, the others get 503 or are refused. */
static atomic_uint served, turned_away, outside, lost;

static void *shopper(void *cls) {
  (void)cls;
  char reply[4096];
  while (!server_draining(f.server) || !refused()) {
    int fd = loopback_connect(address_port(server_address(f.server)));
    if (fd < 0) {
      atomic_fetch_add(&outside, 1);
      continue;
    }
    send(fd, ASK, strlen(ASK), MSG_NOSIGNAL);
    wire_read_all(fd, reply, sizeof reply);
    unsigned status = wire_status(reply);
    atomic_fetch_add(status == 200 ? &served : status == 503 ? &turned_away : &lost, 1);
  }
  return NULL;
}

/* Whether this kernel lets us attach a filter to our own socket. Some kernels reserve this for root. */
static bool may_filter(void) {
  struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, 0xffffffff)};
  struct sock_fprog program = {.len = 1, .filter = all};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool may = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
  close(fd);
  return may;
}

BOTH_MODES(rush) {
  pthread_t shoppers[8];
  fixture_start_in(&f, pool);
  for (int i = 0; i < 8; i++) pthread_create(&shoppers[i], NULL, shopper, NULL);
  FIXTURE_AWAIT(atomic_load(&served) >= 500);
  pthread_t thread = drain_begin();
  for (int i = 0; i < 8; i++) pthread_join(shoppers[i], NULL);
  finish(thread);
  /* Without the filter, the close may reset each of them once. */
  ck_assert_uint_le(atomic_load(&lost), may_filter() ? 0 : 8);
}

/* The drain and a worker of the pool remove the listening socket from the worker's epoll set at the same
 * time. The linker redirects the server's calls of syscall() to this function, which decides which removal is
 * the second. */
enum { ANY_ORDER, WORKER_FIRST, DRAIN_FIRST };
static atomic_int order;
static _Thread_local bool drains;
static atomic_uint workers_removing, workers_removed;
static atomic_bool drain_is_over;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

static void wake_workers_until(const atomic_uint *count) {
  FIXTURE_AWAIT(close(wire_connect(&f)) == 0 && atomic_load(count) > 0);
}

long __wrap_syscall(long number, ...) {
  long arg[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) arg[i] = va_arg(list, long);
  va_end(list);
  bool removal = order != ANY_ORDER && number == SYS_epoll_ctl && arg[1] == EPOLL_CTL_DEL;
  bool by_drain = removal && drains;
  if (by_drain) wake_workers_until(order == WORKER_FIRST ? &workers_removed : &workers_removing);
  if (removal && !by_drain) atomic_fetch_add(&workers_removing, 1);
  if (removal && !by_drain && order == DRAIN_FIRST) FIXTURE_AWAIT(atomic_load(&drain_is_over));
  long result = __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
  int error = errno;
  if (removal && !by_drain) atomic_fetch_add(&workers_removed, 1);
  errno = error;
  return result;
}

static void remove_twice(int first) {
  fixture_start_in(&f, 2);
  drains = true;
  order = first;
  drain(NULL);
  ck_assert(refused());
  atomic_store(&drain_is_over, true);
  server_free(f.server);
  ck_assert_uint_eq(cut_off, 0);
  ck_assert_uint_ge(atomic_load(&workers_removed), 1);
}

START_TEST(worker_removes_first) {
  remove_twice(WORKER_FIRST);
}
END_TEST

START_TEST(drain_removes_first) {
  remove_twice(DRAIN_FIRST);
}
END_TEST

/* Only a draining socket may be removed twice. */
START_TEST(removal_of_others) {
  fixture_start_in(&f, 2);
  int set = epoll_create1(EPOLL_CLOEXEC);
  for (int fd = 0; fd < set + 2; fd++) {
    ck_assert_int_eq(epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL), -1);
    ck_assert(errno == ENOENT || errno == EPERM || errno == (fd == set ? EINVAL : EBADF));
  }
  close(set);
  fixture_stop(&f);
}
END_TEST

/* If all threads of a pool are busy, new clients stay in the kernel's backlog. They get a response instead of
 * a reset. */
START_TEST(backlog) {
  char reply[4096];
  int held[2], waiting[WAITING];
  fixture_start_in(&f, 2);
  for (unsigned i = 0; i < 2; i++) {
    held[i] = wire_connect(&f);
    wire_puts(held[i], HOLD);
    /* The second may be assigned to the busy thread. Then it waits there. */
    if (i == 0) FIXTURE_AWAIT(server_in_flight(f.server) == 1);
  }
  for (int i = 0; i < WAITING; i++) {
    waiting[i] = wire_connect(&f);
    wire_puts(waiting[i], HOLD);
  }
  pthread_t thread = drain_begin();
  FIXTURE_AWAIT(refused());
  fixture_release(&f);
  for (int i = 0; i < WAITING; i++) {
    wire_read_all(waiting[i], reply, sizeof reply);
    unsigned status = wire_status(reply);
    ck_assert_msg(status == 200 || status == 503, "%d: %s", i, reply);
    if (status == 503) ck_assert_ptr_nonnull(strstr(reply, "\r\nRetry-After: 1\r\n"));
  }
  for (int i = 0; i < 2; i++) {
    wire_read_all(held[i], reply, sizeof reply);
    ck_assert_msg(wire_status(reply) == 200 || wire_status(reply) == 503, "%s", reply);
  }
  finish(thread);
}
END_TEST

/* A reply counts as done when its last byte was sent, not when it was made. */
BOTH_MODES(slow_readers) {
  static char reply[FIXTURE_BIG + 4096];
  int fds[10];
  fixture_start_in(&f, pool);
  for (int i = 0; i < 10; i++) {
    fds[i] = wire_connect(&f);
    wire_puts(fds[i], "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  FIXTURE_AWAIT(atomic_load(&f.ended) == 10);
  pthread_t thread = drain_begin();
  FIXTURE_AWAIT(refused());
  ck_assert_uint_eq(server_in_flight(f.server), 10);
  for (int i = 0; i < 10; i++) {
    size_t len = 0;
    ssize_t n;
    while (len < FIXTURE_BIG && (n = recv(fds[i], reply + len, sizeof reply - len, 0)) > 0) len += (size_t)n;
    ck_assert_uint_ge(len, FIXTURE_BIG);
    close(fds[i]);
  }
  finish(thread);
}

/* A client that does not finish its request gets a moment for it, but delays the drain only briefly. */
BOTH_MODES(half_sent) {
  fixture_init(&f);
  f.settings.pool = pool;
  f.settings.request_timeout_s = 3600;
  fixture_start(&f);
  int fd = wire_connect(&f);
  wire_puts(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{");
  int idle = wire_connect(&f);
  FIXTURE_AWAIT(atomic_load(&f.server->connections) == 2);
  uint64_t begin = clock_mono_ns(), deadline = begin + 15 * CLOCK_NS_PER_S;
  ck_assert_uint_eq(server_drain(f.server, deadline), 0);
  ck_assert_uint_lt(clock_mono_ns(), deadline);
  ck_assert_uint_ge(clock_mono_ns(), begin + 200 * CLOCK_NS_PER_MS);
  server_free(f.server);
  close(fd);
  close(idle);
  ck_assert_uint_eq(atomic_load(&f.observed), 0);
}

START_TEST(deadline) {
  fixture_start_in(&f, 0);
  int fd = wire_connect(&f);
  wire_puts(fd, HOLD);
  FIXTURE_AWAIT(server_in_flight(f.server) == 1);
  ck_assert_uint_eq(server_drain(f.server, clock_mono_ns() + CLOCK_NS_PER_S / 10), 1);
  fixture_release(&f);
  server_free(f.server);
  close(fd);
}
END_TEST

TEST_MAIN("http server drain", crowd, rush, rush_pool, worker_removes_first, drain_removes_first,
          removal_of_others, backlog, slow_readers, slow_readers_pool, half_sent, half_sent_pool, deadline)
