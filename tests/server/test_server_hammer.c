/* SPDX-License-Identifier: MIT */
/* Many clients misbehave at random at the same time. Checks the counts, and is useful with sanitizers. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/fixture.h"
#include "server/server_private.h"
#include "support/test.h"

enum { CLIENTS = 4, ROUNDS = 250 };

static struct fixture f;

static unsigned next(unsigned *state) {
  *state = *state * 1103515245u + 12345u;
  return *state >> 16;
}

static void reset(int fd) {
  struct linger off = {.l_onoff = 1};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
  close(fd);
}

static void *misbehave(void *cls) {
  static const char *const texts[] = {
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\nabcde",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n",
      "GET /big HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
  };
  unsigned state = (unsigned)(uintptr_t)cls;
  char reply[4096];
  for (int round = 0; round < ROUNDS; round++) {
    int fd = wire_connect(&f);
    struct timeval patience = {.tv_usec = 1000 * (next(&state) % 20 + 1)};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    unsigned count = next(&state) % 4 + 1;
    for (unsigned i = 0; i < count; i++) {
      const char *text = texts[next(&state) % (sizeof texts / sizeof *texts)];
      size_t len = strlen(text);
      if (next(&state) % 4 == 0) len = next(&state) % len;
      send(fd, text, len, MSG_NOSIGNAL);
      if (next(&state) % 2) (void)!recv(fd, reply, sizeof reply, 0);
    }
    unsigned end = next(&state) % 4;
    if (end == 0) shutdown(fd, SHUT_WR);
    if (end == 1) (void)!recv(fd, reply, sizeof reply, 0);
    if (end == 2)
      reset(fd);
    else
      close(fd);
    /* Waits for any response. Otherwise a client gets a thousand connections ahead of a server that a
     * sanitizer slows down, and then all clients wait in vain. */
    if (round % 10 == 9) {
      fd = wire_connect(&f);
      (void)!send(fd, texts[0], strlen(texts[0]), MSG_NOSIGNAL);
      wire_read_all(fd, reply, sizeof reply);
    }
  }
  return NULL;
}

BOTH_MODES(hammer) {
  pthread_t clients[CLIENTS];
  char reply[4096];
  fixture_init(&f);
  f.settings.pool = pool;
  f.settings.connections = 16; /* so that some are turned away */
  f.settings.request_timeout_s = 1;
  fixture_start(&f);
  for (uintptr_t i = 0; i < CLIENTS; i++) pthread_create(&clients[i], NULL, misbehave, (void *)(i + 1));
  for (int i = 0; i < CLIENTS; i++) pthread_join(clients[i], NULL);
  FIXTURE_AWAIT(atomic_load(&f.server->connections) == 0);
  FIXTURE_AWAIT(server_in_flight(f.server) == 0);
  wire_ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 200);
  fixture_stop(&f);
  ck_assert_uint_gt(atomic_load(&f.observed), 0);
  ck_assert_uint_gt(f.seen_count, 0);
}

TEST_MAIN("http server hammer", hammer, hammer_pool)
