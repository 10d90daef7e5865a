/* SPDX-License-Identifier: MIT */
/* Sends a fuzzer's input as all the bytes of a client's connection. */
#ifndef TESTS_FUZZ_WIRE_H
#define TESTS_FUZZ_WIRE_H

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/server_private.h"
#include "support/loopback.h"

enum { PATIENCE_MS = 20000 };

/* Reads until the server closes. Everything it sends must begin like an HTTP response. A server that hangs is
 * a finding. */
static inline void wire_read_all(int fd) {
  char answer[4096];
  size_t have = 0;
  ssize_t got = 1;
  while (got > 0) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, PATIENCE_MS) != 1) abort();
    got = recv(fd, answer + have, sizeof answer - have, 0);
    if (got > 0 && have < 9) have += (size_t)got;
  }
  if (have >= 9 && memcmp(answer, "HTTP/1.1 ", 9) != 0 && memcmp(answer, "HTTP/1.0 ", 9) != 0) abort();
}

/* Waits until the server has ended all connections. Otherwise its threads may still hold memory when the
 * fuzzer looks for leaks. */
static inline void wire_wait(const struct server *server) {
  uint64_t until = clock_mono_ns() + PATIENCE_MS * CLOCK_NS_PER_MS;
  while (atomic_load(&server->connections) > 0) {
    if (clock_mono_ns() > until) abort();
    sched_yield();
  }
}

/* Returns a connection that has sent the bytes, as far as the server took them. */
static inline int wire_send_all(const struct address *address, const uint8_t *data, size_t size) {
  int fd = loopback_connect(address_port(address));
  if (fd < 0) abort();
  for (size_t sent = 0; sent < size;) {
    ssize_t now = send(fd, data + sent, size - sent, MSG_NOSIGNAL);
    if (now <= 0) break; /* refused with a response */
    sent += (size_t)now;
  }
  return fd;
}

/* Sends the bytes twice: from a client that resets the connection at once, so that the server reads bytes
 * behind which an error waits, and from one that waits for the response. address: server_address() of the
 * server, which is a member of the server. */
static inline void wire_fuzz(const struct address *address, const uint8_t *data, size_t size) {
  const struct server *server =
      (const struct server *)(const void *)((const char *)address -
                                            offsetof(struct server, settings.address));
  sigset_t alarm, before;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarm, &before); /* libFuzzer's timer, which would interrupt the calls below */
  int fd = wire_send_all(address, data, size);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
  close(fd);
  fd = wire_send_all(address, data, size); /* accepted after the first one */
  shutdown(fd, SHUT_WR);
  wire_read_all(fd);
  close(fd);
  wire_wait(server);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

#endif
