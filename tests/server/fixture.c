/* SPDX-License-Identifier: MIT */
#include "server/fixture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/drain.h"
#include "server/request.h"
#include "support/loopback.h"
#include "support/test.h"

enum { PATIENCE_MS = 30000 };

static void ended(void *cls) {
  struct fixture *f = cls;
  atomic_fetch_add(&f->ended, 1);
}

static void connection_header(struct fixture *f, struct _u_response *response) {
  if (server_draining(f->server)) u_map_put(response->map_header, "Connection", "close");
}

static void plain(struct fixture *f, const struct _u_request *request, struct _u_response *response) {
  char text[32];
  snprintf(text, sizeof text, "body=%zu", request->binary_body_length);
  atomic_fetch_add(&f->handled, 1);
  ulfius_set_string_body_response(response, 200, text);
  connection_header(f, response);
}

static void hold(struct fixture *f) {
  pthread_mutex_lock(&f->lock);
  while (!f->released) pthread_cond_wait(&f->change, &f->lock);
  pthread_mutex_unlock(&f->lock);
}

static void headers(const struct _u_request *request, struct _u_response *response) {
  struct buf text = BUF_INIT(4096);
  buf_puts(&text, "client=");
  buf_puts(&text, server_request_client(request));
  buf_puts(&text, server_request_client_port(request) ? " port" : "");
  buf_puts(&text, " first=");
  const char *first = server_request_header(request, "X-LIST");
  buf_puts(&text, first ? first : "none");
  buf_puts(&text, " all=");
  server_connection_header_join(server_request_connection(request), "x-list", &text);
  ulfius_set_string_body_response(response, 200, buf_cstr(&text));
  buf_free(&text);
}

static void big(struct fixture *f, struct _u_response *response) {
  static const char block[FIXTURE_BIG];
  ulfius_set_binary_body_response(response, 200, block, sizeof block);
  connection_header(f, response);
}

static int handle(const struct _u_request *request, struct _u_response *response, void *cls) {
  struct fixture *f = cls;
  const char *path = strcmp(request->http_verb, "GET") == 0 ? request->url_path : "";
  ck_assert_str_ne(server_request_client(request), "");
  atomic_fetch_add(&f->observed, 1);
  response->shared_data = f;
  response->free_shared_data = ended;
  if (strcmp(path, "/hold") == 0 || strncmp(path, "/hold/", 6) == 0) hold(f);
  if (strcmp(path, "/headers") == 0)
    headers(request, response);
  else if (strcmp(path, "/big") == 0)
    big(f, response);
  else
    plain(f, request, response);
  return U_CALLBACK_COMPLETE;
}

static void refused(void *cls, const struct server_refusal *refusal, struct server_refusal_reply *reply) {
  struct fixture *f = cls;
  const char *trace = MHD_lookup_connection_value(refusal->connection, MHD_HEADER_KIND, "TRACEPARENT");
  pthread_mutex_lock(&f->lock);
  struct fixture_seen *seen = &f->seen[f->seen_count % FIXTURE_SEEN];
  seen->origin = refusal->origin;
  seen->status = refusal->status;
  snprintf(seen->code, sizeof seen->code, "%s", refusal->code);
  snprintf(seen->method, sizeof seen->method, "%s", refusal->method ? refusal->method : "");
  snprintf(seen->target, sizeof seen->target, "%s", refusal->target ? refusal->target : "");
  snprintf(seen->client, sizeof seen->client, "%s", refusal->client ? refusal->client : "");
  snprintf(seen->detail, sizeof seen->detail, "%s", refusal->detail);
  snprintf(seen->trace, sizeof seen->trace, "%s", trace ? trace : "");
  f->seen_count++;
  pthread_cond_broadcast(&f->change);
  pthread_mutex_unlock(&f->lock);
  if (!reply) return;
  buf_puts(&reply->body, "{\"code\":\"");
  buf_puts(&reply->body, refusal->code);
  buf_puts(&reply->body, "\"}");
  reply->content_type = "application/problem+json";
  server_refusal_header(reply, "X-Request-Id", "of-the-hook");
}

static void logged(void *cls, enum server_log_level level, const char *text) {
  struct fixture *f = cls;
  pthread_mutex_lock(&f->lock);
  snprintf(f->logged, sizeof f->logged, "%s", text);
  if (level != SERVER_LOG_DEBUG) snprintf(f->warned, sizeof f->warned, "%s", text);
  pthread_mutex_unlock(&f->lock);
}

void fixture_init(struct fixture *f) {
  memset(f, 0, sizeof *f);
  f->settings = (struct server_settings)SERVER_SETTINGS_DEFAULT;
  f->settings.address.v4.sin_port = 0;
  pthread_mutex_init(&f->lock, NULL);
  pthread_cond_init(&f->change, NULL);
  signal(SIGPIPE, SIG_IGN);
}

void fixture_listen(struct fixture *f) {
  struct error error = {""};
  struct server_hooks hooks = {.cls = f, .handle = handle, .refused = refused, .log = logged};
  f->server = server_new(&f->settings, &hooks, &error);
  ck_assert_msg(f->server != NULL, "%s", error.text);
}

void fixture_start(struct fixture *f) {
  struct error error = {""};
  if (!f->server) fixture_listen(f);
  ck_assert_msg(server_start(f->server, &error) == 0, "%s", error.text);
}

void fixture_start_in(struct fixture *f, unsigned pool) {
  fixture_init(f);
  f->settings.pool = pool;
  fixture_start(f);
}

void fixture_release(struct fixture *f) {
  pthread_mutex_lock(&f->lock);
  f->released = true;
  pthread_cond_broadcast(&f->change);
  pthread_mutex_unlock(&f->lock);
}

void fixture_stop(struct fixture *f) {
  fixture_release(f);
  ck_assert_uint_eq(server_drain(f->server, clock_mono_ns() + 30 * CLOCK_NS_PER_S), 0);
  server_free(f->server);
  ck_assert_uint_eq(atomic_load(&f->observed), atomic_load(&f->ended));
}

unsigned fixture_seen(struct fixture *f) {
  pthread_mutex_lock(&f->lock);
  unsigned count = f->seen_count;
  pthread_mutex_unlock(&f->lock);
  return count;
}

void fixture_await_seen(struct fixture *f, unsigned count) {
  FIXTURE_AWAIT(fixture_seen(f) >= count);
}

int wire_connect(const struct fixture *f) {
  int fd = loopback_connect(address_port(server_address(f->server)));
  ck_assert_msg(fd >= 0, "connect: %s", strerror(errno));
  return fd;
}

void wire_send(int fd, const void *data, size_t len) {
  ck_assert_int_eq(send(fd, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

void wire_puts(int fd, const char *text) {
  wire_send(fd, text, strlen(text));
}

/* More bytes, or 0 at the end of the connection. */
static size_t more(int fd, char *to, size_t size) {
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  ck_assert_msg(poll(&ready, 1, PATIENCE_MS) == 1, "the server neither responds nor closes");
  ssize_t n = recv(fd, to, size, 0);
  return n > 0 ? (size_t)n : 0;
}

size_t wire_read_all(int fd, char *reply, size_t size) {
  size_t len = 0, n;
  while (len < size - 1 && (n = more(fd, reply + len, size - 1 - len)) > 0) len += n;
  reply[len] = '\0';
  close(fd);
  return len;
}

void wire_read_reply(int fd, char *reply, size_t size) {
  size_t len = 0, n;
  const char *body, *length;
  reply[0] = '\0';
  while (!(body = strstr(reply, "\r\n\r\n")) || !(length = strstr(reply, "Content-Length: ")) ||
         (size_t)(reply + len - body - 4) < strtoul(length + 16, NULL, 10)) {
    n = more(fd, reply + len, size - 1 - len);
    ck_assert_msg(n > 0, "the connection ended within a reply: %s", reply);
    len += n;
    reply[len] = '\0';
  }
}

void wire_ask(const struct fixture *f, const char *request, char *reply, size_t size) {
  int fd = wire_connect(f);
  wire_puts(fd, request);
  wire_read_all(fd, reply, size);
}

unsigned wire_status(const char *reply) {
  unsigned status = 0;
  return sscanf(reply, "HTTP/1.1 %3u ", &status) == 1 ? status : 0;
}

unsigned wire_count(const char *text, const char *what) {
  unsigned count = 0;
  for (const char *at = text; (at = strstr(at, what)); at += strlen(what)) count++;
  return count;
}
