/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/fixture.h"
#include "server/server_private.h"
#include "support/test.h"

enum { IDLE = 2000 };

/* With its CR LF, 64 bytes. */
#define LINE_TEXT "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct fixture f;

/* Sends a text, and then single bytes until the server responds. */
static void drip(const char *text) {
  char reply[1024];
  int fd = wire_connect(&f);
  struct pollfd end = {.fd = fd, .events = POLLIN};
  wire_puts(fd, text);
  for (int i = 0; poll(&end, 1, 100) == 0; i++) {
    ck_assert_msg(i < 200, "the server waits for ever");
    send(fd, "a", 1, MSG_NOSIGNAL);
  }
  wire_read_all(fd, reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 408);
  ck_assert_ptr_nonnull(strstr(reply, "{\"code\":\"request_timeout\"}"));
}

/* The whole request has a deadline: the idle timeout, which each byte renews, would never end this. */
BOTH_MODES(dripping) {
  fixture_init(&f);
  f.settings.pool = pool;
  f.settings.request_timeout_s = 1;
  fixture_start(&f);
  drip("GET /");
  drip("GET /header HTTP/1.1\r\nHost: ");
  drip("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  fixture_stop(&f);
  ck_assert_uint_eq(atomic_load(&f.observed), 0);
  ck_assert_uint_eq(f.seen_count, 3);
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(f.seen[i].origin, SERVER_REFUSED_BY_CUT);
    ck_assert_uint_eq(f.seen[i].status, 408);
    ck_assert_str_eq(f.seen[i].code, "request_timeout");
    ck_assert_str_eq(f.seen[i].target, i == 0 ? "" : i == 1 ? "/header" : "/body");
    ck_assert_str_eq(f.seen[i].client, "127.0.0.1");
  }
}

/* A client that waits has the same deadline. Without a byte of a request there is nothing to respond to. */
BOTH_MODES(waiting) {
  char reply[4096];
  fixture_init(&f);
  f.settings.pool = pool;
  f.settings.request_timeout_s = 1;
  fixture_start(&f);
  wire_ask(&f, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 200);
  ck_assert_uint_eq(wire_count(reply, "HTTP/1.1 408 "), 1);
  wire_ask(&f, "\r\n", reply, sizeof reply);
  ck_assert_str_eq(reply, "");
  fixture_stop(&f);
  ck_assert_uint_eq(f.seen_count, 1);
  ck_assert_str_eq(f.seen[0].target, "/next");
}

/* The connection is reset while more bytes wait than fit into libmicrohttpd's buffer. It reads some of the
 * rest into a buffer on its stack. The server must not look for the start of the line there. */
BOTH_MODES(reset_with_unread_bytes) {
  enum { LINE = 64 };
  char request[9000], reply[4096];
  fixture_init(&f);
  f.settings.pool = pool;
  fixture_listen(&f);
  for (size_t first = 0; first < LINE; first++) { /* so the buffer ends at each offset in a line */
    int fd = wire_connect(&f);
    size_t len = (size_t)sprintf(request, "GET / HTTP/1.1\r\nHost: %.*s\r\n", (int)first + 1, LINE_TEXT);
    for (size_t at = len; at < sizeof request; at++) request[at] = (LINE_TEXT "\r\n")[(at - len) % LINE];
    wire_send(fd, request, sizeof request);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    close(fd);
  }
  fixture_start(&f);
  wire_ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 200);
  FIXTURE_AWAIT(atomic_load(&f.server->connections) == 0);
  fixture_stop(&f);
}

/* A handler may take longer than any timeout. */
BOTH_MODES(long_handler) {
  char reply[4096];
  fixture_init(&f);
  f.settings.pool = pool;
  f.settings.request_timeout_s = f.settings.idle_timeout_s = 1;
  fixture_start(&f);
  int fd = wire_connect(&f);
  wire_puts(fd, "GET /hold HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  FIXTURE_AWAIT(server_in_flight(f.server) == 1);
  clock_sleep_ns(3 * CLOCK_NS_PER_S); /* beyond all of them */
  fixture_release(&f);
  wire_read_all(fd, reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 200);
  fixture_stop(&f);
}

/* One client above the limit gets 503, and the others are not affected. */
BOTH_MODES(connections) {
  char reply[4096];
  int fds[5];
  fixture_init(&f);
  f.settings.pool = pool;
  f.settings.connections = 5;
  fixture_start(&f);
  for (int i = 0; i < 5; i++) fds[i] = wire_connect(&f);
  FIXTURE_AWAIT(atomic_load(&f.server->connections) == 5);
  wire_ask(&f, "GET /more HTTP/1.1\r\nHost: a\r\n\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 503);
  ck_assert_ptr_nonnull(strstr(reply, "\r\nRetry-After: 1\r\n"));
  ck_assert_ptr_nonnull(strstr(reply, "\r\nConnection: close\r\n"));
  ck_assert_ptr_nonnull(strstr(reply, "{\"code\":\"unavailable\"}"));
  close(fds[0]);
  FIXTURE_AWAIT(atomic_load(&f.server->connections) == 4);
  wire_ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 200);
  for (int i = 1; i < 5; i++) close(fds[i]);
  fixture_stop(&f);
  ck_assert_uint_eq(f.seen_count, 1);
  ck_assert_str_eq(f.seen[0].client, "127.0.0.1");
  ck_assert_uint_eq(atomic_load(&f.handled), 1); /* what was turned away did not run */
}

/* A client that is turned away is not served, even if its request had arrived before that decision. */
START_TEST(turned_away) {
  char reply[4096];
  fixture_init(&f);
  f.settings.connections = 1;
  fixture_listen(&f);
  int first = wire_connect(&f), second = wire_connect(&f);
  wire_puts(second, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  fixture_start(&f);
  wire_read_all(second, reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 503);
  ck_assert_uint_eq(wire_count(reply, "HTTP/1.1"), 1);
  FIXTURE_AWAIT(atomic_load(&f.server->connections) == 1);
  close(first);
  fixture_stop(&f);
  ck_assert_uint_eq(atomic_load(&f.observed), 0);
}
END_TEST

BOTH_MODES(idle) {
  static int fds[IDLE];
  char reply[4096];
  struct rlimit limit;
  fixture_init(&f);
  f.settings.pool = pool;
  f.settings.request_timeout_s = 600;
  fixture_start(&f);
  /* Ours and the server's ends are descriptors of the same process here. */
  ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
  ck_assert_uint_ge(limit.rlim_cur, 2 * IDLE);
  for (int i = 0; i < IDLE; i++) fds[i] = wire_connect(&f);
  FIXTURE_AWAIT(atomic_load(&f.server->connections) == IDLE);
  for (int i = 0; i < 20; i++) {
    wire_ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", reply, sizeof reply);
    ck_assert_uint_eq(wire_status(reply), 200);
  }
  wire_puts(fds[IDLE - 1], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  wire_read_reply(fds[IDLE - 1], reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 200);
  for (int i = 0; i < IDLE; i++) close(fds[i]);
  fixture_stop(&f);
}

/* The request and the client's FIN arrive together: libmicrohttpd's pool responds, and then misses the end of
 * half of these connections. */
BOTH_MODES(half_closed) {
  char reply[4096];
  int fds[50];
  fixture_init(&f);
  f.settings.pool = pool;
  f.settings.idle_timeout_s = f.settings.request_timeout_s = 3600; /* no timeout helps */
  fixture_start(&f);
  for (int i = 0; i < 50; i++) {
    fds[i] = wire_connect(&f);
    wire_puts(fds[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    shutdown(fds[i], SHUT_WR);
  }
  for (int i = 0; i < 50; i++) {
    wire_read_all(fds[i], reply, sizeof reply);
    ck_assert_uint_eq(wire_status(reply), 200);
  }
  FIXTURE_AWAIT(atomic_load(&f.server->connections) == 0);
  fixture_stop(&f);
}

/* Ulfius's own logger uses a message with the client's path as a format string, which crashes. */
BOTH_MODES(format) {
  char reply[4096];
  struct linger reset = {.l_onoff = 1};
  fixture_start_in(&f, pool);
  int fd = wire_connect(&f);
  wire_puts(fd, "GET /hold/%25s%25s%25s%25s%25n HTTP/1.1\r\nHost: a\r\n\r\n");
  FIXTURE_AWAIT(server_in_flight(f.server) == 1);
  ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
  close(fd);
  fixture_release(&f);
  FIXTURE_AWAIT(server_in_flight(f.server) == 0);
  wire_ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 200);
  fixture_stop(&f);
  ck_assert_msg(strstr(f.logged, "/hold/%s%s%s%s%n") != NULL, "logged: %s", f.logged);
}

/* Clients that end a connection anywhere cause no warning. */
BOTH_MODES(breaks_off) {
  static const char *const begins[] = {
      "",
      "GET /",
      "GET / HTTP/1.1\r\nHost: a\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA",
      "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"};
  struct linger reset = {.l_onoff = 1};
  fixture_start_in(&f, pool);
  for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
    for (int by_reset = 0; by_reset < 2; by_reset++) {
      int fd = wire_connect(&f);
      wire_puts(fd, begins[i]);
      FIXTURE_AWAIT(atomic_load(&f.server->connections) == 1);
      /* The server has received the bytes, but may not have read them. */
      if (by_reset) ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
      close(fd);
      FIXTURE_AWAIT(atomic_load(&f.server->connections) == 0);
    }
  fixture_stop(&f);
  ck_assert_str_eq(f.warned, "");
}

/* The second request on a connection is refused before it begins: its response is whole, and counted. */
BOTH_MODES(library_later) {
  char reply[4096];
  fixture_start_in(&f, pool);
  wire_ask(&f, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/9.9\r\nHost: a\r\n\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_count(reply, "HTTP/1.1 200"), 1);
  ck_assert_uint_eq(wire_count(reply, "HTTP/1.1 505"), 1);
  ck_assert_ptr_nonnull(strstr(reply, "{\"code\":\"version_not_supported\"}"));
  fixture_stop(&f);
  ck_assert_uint_eq(f.seen_count, 1);
  ck_assert_uint_eq(f.seen[0].status, 505);
}

/* libmicrohttpd alone would close without a response. */
BOTH_MODES(garbage_later) {
  static const char *const garbage[] = {"GARBAGE\r\n\r\n", "\x16\x03\x01\r\n", "G/T / HTTP/1.1\r\n\r\n"};
  char reply[4096];
  fixture_start_in(&f, pool);
  for (unsigned i = 0; i < 3; i++) {
    int fd = wire_connect(&f);
    wire_puts(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    wire_read_reply(fd, reply, sizeof reply);
    ck_assert_uint_eq(wire_status(reply), 200);
    FIXTURE_AWAIT(atomic_load(&f.ended) == i + 1);
    wire_puts(fd, garbage[i]);
    wire_read_all(fd, reply, sizeof reply);
    ck_assert_ptr_nonnull(strstr(reply, "HTTP/1.1 400"));
    ck_assert_ptr_nonnull(strstr(reply, "{\"code\":\"invalid_request\"}"));
    fixture_await_seen(&f, i + 1);
  }
  fixture_stop(&f);
  ck_assert_uint_eq(f.seen_count, 3);
}

/* Answers that libmicrohttpd makes by itself are reported with all known data. */
BOTH_MODES(library) {
  char reply[4096];
  fixture_start_in(&f, pool);
  wire_ask(&f, "GET /a?b HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 400);
  fixture_await_seen(&f, 1);
  wire_ask(&f, "GET / HTTP/9.9\r\nHost: a\r\n\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 505);
  fixture_await_seen(&f, 2);
  fixture_stop(&f);
  ck_assert_uint_eq(f.seen_count, 2);
  ck_assert_int_eq(f.seen[0].origin, SERVER_REFUSED_BY_LIBRARY);
  ck_assert_str_eq(f.seen[0].target, "/a?b");
  ck_assert_str_eq(f.seen[0].client, "127.0.0.1");
  ck_assert_int_eq(f.seen[1].origin, SERVER_REFUSED_BY_LIBRARY);
  ck_assert_str_eq(f.seen[1].code, "version_not_supported");
}

BOTH_MODES(pipelined) {
  char reply[8192];
  fixture_start_in(&f, pool);
  wire_ask(&f,
           "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
           "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
           reply, sizeof reply);
  ck_assert_uint_eq(wire_count(reply, "HTTP/1.1 200"), 3);
  ck_assert_uint_eq(wire_count(reply, "body=3"), 1);
  fixture_stop(&f);
  ck_assert_uint_eq(atomic_load(&f.ended), 3);
}

START_TEST(descriptors) {
  struct rlimit limit;
  ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = 256;
  ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
  fixture_start_in(&f, 0);
  ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
  ck_assert_uint_ge(limit.rlim_cur,
                    f.settings.connections < limit.rlim_max ? f.settings.connections : limit.rlim_max);
  fixture_stop(&f);
}
END_TEST

START_TEST(descriptors_few) {
  const struct rlimit limit = {.rlim_cur = 100, .rlim_max = 100};
  const char *preloaded = getenv("LD_PRELOAD");
  if (preloaded && strstr(preloaded, "vgpreload")) return; /* valgrind keeps its own descriptors above */
  ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
  fixture_start_in(&f, 0);
  ck_assert_str_eq(f.logged,
                   "limited to 50 connections by the open-file limit: raise it (ulimit -n) for more");
  fixture_stop(&f);
}
END_TEST

TEST_MAIN("http server limits", dripping, dripping_pool, waiting, waiting_pool, reset_with_unread_bytes,
          reset_with_unread_bytes_pool, long_handler, long_handler_pool, connections, connections_pool,
          turned_away, idle, idle_pool, half_closed, half_closed_pool, format, format_pool, library,
          library_pool, breaks_off, breaks_off_pool, library_later, library_later_pool, garbage_later,
          garbage_later_pool, pipelined, pipelined_pool, descriptors, descriptors_few)
