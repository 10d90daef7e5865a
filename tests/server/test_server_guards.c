/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* strcasestr */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/fixture.h"
#include "server/server_private.h"
#include "support/case_files.h"
#include "support/test.h"

#define SECOND "GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static struct fixture f;

typedef void check_fn(const char *name, unsigned status, const char *reply);

/* Sends a file as a request, followed by a second request. The file's name begins with the expected status.
 */
static void case_run(const struct case_file *file, const void *cls) {
  check_fn *const *check = cls;
  char reply[65536];
  int fd = wire_connect(&f);
  wire_send(fd, file->text, file->len);
  send(fd, SECOND, strlen(SECOND), MSG_NOSIGNAL); /* may fail, because the server has already closed */
  wire_read_all(fd, reply, sizeof reply);
  (*check)(file->name, (unsigned)strtoul(file->name, NULL, 10), reply);
}

static unsigned reports;

static void check_refused(const char *name, unsigned status, const char *reply) {
  ck_assert_msg(wire_status(reply) == status, "%s: %s", name, reply);
  ck_assert_msg(atomic_load(&f.observed) == 0, "%s reached an endpoint", name);
  ck_assert_msg(wire_count(reply, "HTTP/1.1 ") == 1, "%s: %s", name, reply); /* the header once */
  ck_assert_msg(strstr(reply, "{\"code\":") != NULL, "%s: not the hook's: %s", name, reply);
  ck_assert_msg(strcasestr(reply, "\r\nDate: ") != NULL, "%s: %s", name, reply);
  ck_assert_msg(strcasestr(reply, "\r\nConnection: close\r\n") != NULL, "%s: %s", name, reply);
  fixture_await_seen(&f, ++reports);
  const struct fixture_seen *seen = &f.seen[reports - 1];
  ck_assert_msg(seen->status == status, "%s: reported as %u", name, seen->status);
  /* The detail says what is wrong, then what to do, in our own words. */
  ck_assert_msg(strstr(seen->detail, ": ") && !strstr(seen->detail, "Your HTTP"), "%s: %s", name,
                seen->detail);
}

BOTH_MODES(refused) {
  fixture_start_in(&f, pool);
  check_fn *check = check_refused;
  ck_assert_int_gt(case_files("http/requests/refused", "", case_run, &check), 0);
  fixture_stop(&f);
  ck_assert_uint_eq(f.seen_count, reports); /* each once */
  ck_assert_str_eq(f.warned, "");           /* a client's mistake causes no warning */
}

static void check_accepted(const char *name, unsigned status, const char *reply) {
  ck_assert_msg(wire_status(reply) == status, "%s: %s", name, reply);
  ck_assert_msg(wire_count(reply, "HTTP/1.1 200") == 2, "%s: the second is missing: %s", name, reply);
  ck_assert_msg(fixture_seen(&f) == 0, "%s was reported as refused", name);
}

BOTH_MODES(accepted) {
  fixture_start_in(&f, pool);
  check_fn *check = check_accepted;
  ck_assert_int_gt(case_files("http/requests/accepted", "", case_run, &check), 0);
  fixture_stop(&f);
}

/* Byte by byte: our checks before libmicrohttpd's parser do not depend on how the bytes arrive. */
static void case_in_pieces(const struct case_file *file, const void *cls) {
  check_fn *const *check = cls;
  char reply[65536];
  int one = 1;
  int fd = wire_connect(&f);
  if (file->len > 200) {
    close(fd);
    return;
  }
  ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
  for (size_t i = 0; i < file->len; i++) {
    wire_send(fd, file->text + i, 1);
    clock_sleep_ns(CLOCK_NS_PER_MS / 10); /* most of them then arrive alone; it does not matter which */
  }
  wire_puts(fd, SECOND);
  wire_read_all(fd, reply, sizeof reply);
  (*check)(file->name, (unsigned)strtoul(file->name, NULL, 10), reply);
}

BOTH_MODES(accepted_in_pieces) {
  fixture_start_in(&f, pool);
  check_fn *check = check_accepted;
  ck_assert_int_gt(case_files("http/requests/accepted", "", case_in_pieces, &check), 0);
  fixture_stop(&f);
}

/* The hook makes a guard's response, and gets the client, method and target. */
BOTH_MODES(hook) {
  char reply[4096];
  fixture_start_in(&f, pool);
  wire_ask(&f, "PUT /a?b=%73 HTTP/1.1\r\nHost: a\r\nHost: b\r\ntraceparent: 00-11-22-01\r\n\r\n", reply,
           sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 400);
  ck_assert_ptr_nonnull(strstr(reply, "\r\nX-Request-Id: of-the-hook\r\n"));
  ck_assert_ptr_nonnull(strstr(reply, "\r\nContent-Type: application/problem+json\r\n"));
  ck_assert_ptr_nonnull(strstr(reply, "{\"code\":\"invalid_request\"}"));
  fixture_stop(&f);
  ck_assert_uint_eq(f.seen_count, 1);
  ck_assert_int_eq(f.seen[0].origin, SERVER_REFUSED_BY_GUARD);
  ck_assert_str_eq(f.seen[0].code, "invalid_request");
  ck_assert_str_eq(f.seen[0].method, "PUT");
  ck_assert_str_eq(f.seen[0].target, "/a?b=%73");
  ck_assert_str_eq(f.seen[0].client, "127.0.0.1");
  ck_assert_str_eq(f.seen[0].trace, "00-11-22-01");
}

/* Blanks after a value are not part of it, also if requests arrive together. */
BOTH_MODES(values) {
  char reply[4096];
  fixture_start_in(&f, pool);
  wire_ask(
      &f,
      "GET /headers HTTP/1.1\r\nHost: a\r\nX-List: one \t\r\n\r\n"
      "GET /headers HTTP/1.1\r\nHost: a\r\nX-List:\ttwo\t \r\nx-list: three \r\nConnection: close \r\n\r\n",
      reply, sizeof reply);
  ck_assert_ptr_nonnull(strstr(reply, " first=one all=oneHTTP/1.1"));
  ck_assert_ptr_nonnull(strstr(reply, " first=two all=two,three"));
  fixture_stop(&f);
}

/* The test must not depend on a timeout. */
static void start_patient(unsigned pool) {
  fixture_init(&f);
  f.settings.pool = pool;
  f.settings.idle_timeout_s = f.settings.request_timeout_s = 3600;
  fixture_start(&f);
}

static void expect(const char *reply, unsigned good, unsigned bad, const char *status) {
  ck_assert_msg(wire_count(reply, "HTTP/1.1 200") == good && wire_count(reply, status) == bad, "%s: %s",
                status, reply);
}

#define FIRST "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

/* Length and coding end in blanks, in a request that arrives together with another one. */
BOTH_MODES(blanks_pipelined) {
  char reply[4096];
  start_patient(pool);
  wire_ask(&f,
           FIRST
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2 \t\r\n\r\nab"
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked \r\n\r\n1\r\na\r\n0\r\n\r\n" SECOND,
           reply, sizeof reply);
  expect(reply, 4, 0, "HTTP/1.1 4");
  ck_assert_ptr_nonnull(strstr(reply, "body=2HTTP"));
  ck_assert_ptr_nonnull(strstr(reply, "body=1HTTP"));
  fixture_stop(&f);
}

/* Bytes that arrive with a request, but are not a request, get their response after the request's. */
BOTH_MODES(garbage_pipelined) {
  static const char *const garbage[] = {"GARBAGE\r\n",
                                        "\x16\x03\x01",
                                        "GET\t/\tHTTP/1.1\r\n\r\n",
                                        " GET / HTTP/1.1\r\n\r\n",
                                        "\r\n\r\nG/T / HTTP/1.1",
                                        "GARBAGE\r\n" SECOND};
  static const char *const firsts[] = {
      FIRST, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"};
  char text[512], reply[4096];
  unsigned count = 0;
  start_patient(pool);
  for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
    for (size_t j = 0; j < sizeof firsts / sizeof *firsts; j++) {
      snprintf(text, sizeof text, "%s%s", firsts[j], garbage[i]);
      wire_ask(&f, text, reply, sizeof reply);
      expect(reply, 1, 1, "HTTP/1.1 400");
      ck_assert_ptr_nonnull(strstr(reply, "{\"code\":\"invalid_request\"}"));
      fixture_await_seen(&f, ++count);
    }
  fixture_stop(&f);
  ck_assert_uint_eq(f.seen_count, count); /* each once */
  ck_assert_str_eq(f.seen[0].target, ""); /* not that of the request before */
}

/* Nothing is read after the last request of a connection. */
BOTH_MODES(garbage_behind_the_end) {
  char reply[4096];
  start_patient(pool);
  wire_ask(&f, SECOND "GARBAGE\r\n", reply, sizeof reply);
  expect(reply, 1, 0, "HTTP/1.1 4");
  wire_ask(&f, "GET / HTTP/1.0\r\n\r\nGARBAGE\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_count(reply, "HTTP/1."), 1);
  fixture_stop(&f);
  ck_assert_uint_eq(f.seen_count, 0);
}

/* The client does not close after the response: the connection ends nevertheless. */
BOTH_MODES(garbage_without_close) {
  char reply[4096];
  start_patient(pool);
  int fd = wire_connect(&f);
  wire_puts(fd, FIRST "GARBAGE\r\n");
  size_t len = 0;
  ssize_t n;
  while ((n = recv(fd, reply + len, sizeof reply - 1 - len, 0)) > 0) len += (size_t)n;
  reply[len] = '\0';
  expect(reply, 1, 1, "HTTP/1.1 400");
  FIXTURE_AWAIT(atomic_load(&f.server->connections) == 0);
  close(fd);
  fixture_stop(&f);
}

/* Its path is the target, as in the hook. */
BOTH_MODES(absolute_form) {
  char reply[4096];
  fixture_start_in(&f, pool);
  wire_ask(&f, "GET http://shop:80/headers?a=b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", reply,
           sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 200);
  ck_assert_ptr_nonnull(strstr(reply, "client=127.0.0.1"));
  wire_ask(&f, "GET http://shop/a?b=c HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 400);
  fixture_stop(&f);
  ck_assert_str_eq(f.seen[0].target, "/a?b=c");
}

/* The client sends no body and gets no 100 Continue, but the response at once. */
BOTH_MODES(body_declared) {
  char reply[4096];
  fixture_start_in(&f, pool);
  wire_ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16385\r\nExpect: 100-continue\r\n\r\n", reply,
           sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 413);
  ck_assert_uint_eq(wire_count(reply, "HTTP/1.1"), 1);
  fixture_stop(&f);
  ck_assert_uint_eq(atomic_load(&f.observed), 0);
  ck_assert_uint_eq(f.seen_count, 1);
  ck_assert_str_eq(f.seen[0].code, "payload_too_large");
}

BOTH_MODES(body_at_the_limit) {
  static char body[16384];
  char head[128], reply[4096];
  fixture_start_in(&f, pool);
  int fd = wire_connect(&f);
  snprintf(head, sizeof head,
           "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", sizeof body);
  wire_puts(fd, head);
  wire_send(fd, body, sizeof body);
  wire_read_all(fd, reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 200);
  ck_assert_ptr_nonnull(strstr(reply, "body=16384"));
  fixture_stop(&f);
}

/* The client continues to send a whole megabyte, and can still read the response: no reset destroys it. */
static void body_goes_on(unsigned pool, bool chunked) {
  static char block[1 << 20];
  char reply[4096], head[128];
  fixture_start_in(&f, pool);
  int fd = wire_connect(&f);
  snprintf(head, sizeof head, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n",
           chunked ? "Transfer-Encoding: chunked" : "Content-Length: 1048576");
  wire_puts(fd, head);
  if (chunked) wire_puts(fd, "100000\r\n");
  size_t sent = 0;
  ssize_t n;
  while (sent < sizeof block && (n = send(fd, block, sizeof block - sent, MSG_NOSIGNAL)) > 0)
    sent += (size_t)n;
  wire_read_all(fd, reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 413);
  ck_assert_ptr_nonnull(strstr(reply, "\r\nX-Request-Id: of-the-hook\r\n"));
  ck_assert_ptr_nonnull(strstr(reply, "{\"code\":\"payload_too_large\"}"));
  fixture_stop(&f);
  ck_assert_uint_eq(sent, sizeof block);
  ck_assert_uint_eq(atomic_load(&f.observed), 0);
  ck_assert_uint_eq(f.seen_count, 1);
  ck_assert_uint_eq(f.seen[0].status, 413);
}

BOTH_MODES(body_goes_on_declared) {
  body_goes_on(pool, false);
}
BOTH_MODES(body_goes_on_chunked) {
  body_goes_on(pool, true);
}

/* Nothing of the chunk is sent. Its size alone, or with the 8192 bytes before, exceeds the limit. */
BOTH_MODES(chunk_declared) {
  static const char *const sizes[] = {"4001\r\n", "2001;a=b\r\n"};
  char first[8300], head[9000], reply[4096];
  unsigned count = 0;
  start_patient(pool);
  snprintf(first, sizeof first, "2000\r\n%08192d\r\n", 0);
  for (int together = 0; together < 2; together++)
    for (int i = 0; i < 2; i++) {
      int fd = wire_connect(&f);
      snprintf(head, sizeof head,
               FIRST "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%s%s", i ? first : "",
               together ? sizes[i] : "");
      wire_puts(fd, head);
      FIXTURE_AWAIT(atomic_load(&f.ended) > count);
      if (!together) wire_puts(fd, sizes[i]);
      wire_read_all(fd, reply, sizeof reply);
      expect(reply, 1, 1, "HTTP/1.1 413");
      fixture_await_seen(&f, ++count);
    }
  fixture_stop(&f);
  ck_assert_uint_eq(f.seen_count, 4);
  for (int i = 0; i < 4; i++) {
    ck_assert_str_eq(f.seen[i].code, "payload_too_large");
    ck_assert_str_eq(f.seen[i].method, "PUT");
    ck_assert_str_eq(f.seen[i].target, "/a");
  }
}

/* An endless chunked body gets its response as soon as it is too large. */
BOTH_MODES(body_chunked_without_end) {
  static char block[8192];
  char reply[4096];
  fixture_start_in(&f, pool);
  int fd = wire_connect(&f);
  wire_puts(fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; i++) {
    wire_puts(fd, "2000\r\n");
    wire_send(fd, block, sizeof block);
    send(fd, "\r\n", 2, MSG_NOSIGNAL);
  }
  wire_read_all(fd, reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 413);
  fixture_stop(&f);
  ck_assert_uint_eq(atomic_load(&f.observed), 0);
}

BOTH_MODES(head) {
  char reply[4096];
  fixture_start_in(&f, pool);
  wire_ask(&f, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 200);
  ck_assert_ptr_null(strstr(reply, "body="));
  fixture_stop(&f);
}

TEST_MAIN("http server guards", refused, refused_pool, accepted, accepted_pool, accepted_in_pieces,
          accepted_in_pieces_pool, values, values_pool, blanks_pipelined, blanks_pipelined_pool,
          garbage_pipelined, garbage_pipelined_pool, garbage_behind_the_end, garbage_behind_the_end_pool,
          garbage_without_close, garbage_without_close_pool, chunk_declared, chunk_declared_pool,
          absolute_form, absolute_form_pool, hook, hook_pool, body_declared, body_declared_pool,
          body_at_the_limit, body_at_the_limit_pool, body_goes_on_declared, body_goes_on_declared_pool,
          body_goes_on_chunked, body_goes_on_chunked_pool, body_chunked_without_end,
          body_chunked_without_end_pool, head, head_pool)
