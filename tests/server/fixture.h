/* SPDX-License-Identifier: MIT */
/* Shared by the server's tests: a running server that records what happened, and a client with raw sockets.
 */
#ifndef SERVER_FIXTURE_H
#define SERVER_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "server/server.h"

enum { FIXTURE_SEEN = 256 };

struct fixture_seen {
  enum server_refusal_origin origin;
  unsigned status;
  char code[32];
  char method[32];
  char target[64];
  char client[64];
  char trace[64]; /* the request's traceparent */
  char detail[256];
};

/* Any path responds with 200 and the length of the body. GET of "/hold" and paths below it first waits for
 * fixture_release(). GET of "/headers" responds with X-List and the client, of "/big" with FIXTURE_BIG bytes.
 * The handler counts begins and, in free_shared_data, ends. */
enum { FIXTURE_BIG = 8 << 20 };

struct fixture {
  struct server_settings settings;
  struct server *server;
  atomic_uint observed, ended, handled;
  pthread_mutex_t lock;
  pthread_cond_t change;
  bool released;
  unsigned seen_count;
  struct fixture_seen seen[FIXTURE_SEEN];
  char logged[512]; /* the last line */
  char warned[512]; /* the last line above DEBUG */
};

void fixture_init(
    struct fixture *f); /* settings for a test: a free port, short timeouts; change them, then start */
void fixture_listen(struct fixture *f); /* listens, but does not accept yet */
void fixture_start(struct fixture *f);  /* listens if necessary, and serves */
/* Calls init and start. pool 0: a thread for each connection. */
void fixture_start_in(struct fixture *f, unsigned pool);
void fixture_release(struct fixture *f);
/* Drains with a deadline that suffices for any test, checks that nothing was lost and that every request
 * ended, and frees. */
void fixture_stop(struct fixture *f);
/* Waits until this many refusals were reported. */
void fixture_await_seen(struct fixture *f, unsigned count);
unsigned fixture_seen(struct fixture *f);
/* Polls until the condition holds; fails the test after a long time. */
#define FIXTURE_AWAIT(condition)                                                                             \
  do {                                                                                                       \
    for (int tries_ = 0; !(condition); tries_++) {                                                           \
      ck_assert_msg(tries_ < 20000, "waited in vain for %s", #condition);                                    \
      clock_sleep_ns(CLOCK_NS_PER_MS);                                                                       \
    }                                                                                                        \
  } while (0)

/* A test that runs in both modes: name with a thread per connection, name_pool in a pool. */
#define BOTH_MODES(name)                                                                                     \
  static void name##_in(unsigned pool);                                                                      \
  START_TEST(name) {                                                                                         \
    name##_in(0);                                                                                            \
  }                                                                                                          \
  END_TEST                                                                                                   \
  START_TEST(name##_pool) {                                                                                  \
    name##_in(2);                                                                                            \
  }                                                                                                          \
  END_TEST                                                                                                   \
  static void name##_in(unsigned pool)

int wire_connect(const struct fixture *f);
/* Fails the test unless all bytes were sent. */
void wire_send(int fd, const void *data, size_t len);
void wire_puts(int fd, const char *text);
/* Reads until the end of the connection, at most size - 1 bytes, ends with NUL and closes. Fails after a long
 * time. A reset counts as the end. Returns the length. */
size_t wire_read_all(int fd, char *reply, size_t size);
/* Reads one whole reply of a connection that stays open. */
void wire_read_reply(int fd, char *reply, size_t size);
/* Sends the text and reads all replies. */
void wire_ask(const struct fixture *f, const char *request, char *reply, size_t size);
/* The status of a reply; 0 without a reply. */
unsigned wire_status(const char *reply);
/* How often one text occurs in the other. */
unsigned wire_count(const char *text, const char *what);

#endif
