/* SPDX-License-Identifier: MIT */
#include "telemetry/otlp/fake_collector.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "support/loopback.h"

enum { MOST = 256, HEADERS = 16 };

struct request {
  char *body;
  size_t len;
  char names[HEADERS][64], values[HEADERS][256];
  int headers;
};

struct fake_collector {
  struct MHD_Daemon *daemon;
  uint16_t port;
  char url[64];
  const struct fake_answer *answers;
  size_t count;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct request *requests[MOST];
  size_t arrived, connections;
};

static enum MHD_Result keep_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
  struct request *request = cls;
  (void)kind;
  if (request->headers == HEADERS) abort();
  snprintf(request->names[request->headers], sizeof request->names[0], "%s", name);
  snprintf(request->values[request->headers++], sizeof request->values[0], "%s", value);
  return MHD_YES;
}

static enum MHD_Result reply(struct MHD_Connection *connection, const struct fake_answer *answer) {
  struct MHD_Response *response = MHD_create_response_from_buffer(
      answer->body_len, (void *)(uintptr_t)answer->body, MHD_RESPMEM_MUST_COPY);
  MHD_add_response_header(response, "Content-Type", "application/x-protobuf");
  if (answer->header) MHD_add_response_header(response, answer->header, answer->header_value);
  enum MHD_Result result =
      MHD_queue_response(connection, answer->status ? (unsigned)answer->status : MHD_HTTP_OK, response);
  MHD_destroy_response(response);
  return result;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *size,
                              void **request_cls) {
  struct fake_collector *collector = cls;
  struct request *request = *request_cls;
  (void)version;
  if (!request) {
    *request_cls = request = calloc(1, sizeof *request);
    keep_header(request, MHD_HEADER_KIND, ":path", url);
    keep_header(request, MHD_HEADER_KIND, ":method", method);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, keep_header, request);
    return MHD_YES;
  }
  if (*size) {
    request->body = realloc(request->body, request->len + *size);
    memcpy(request->body + request->len, data, *size);
    request->len += *size;
    *size = 0;
    return MHD_YES;
  }
  *request_cls = NULL; /* the collector owns it from here on */
  pthread_mutex_lock(&collector->lock);
  size_t number = collector->arrived;
  if (number == MOST) abort();
  collector->requests[collector->arrived++] = request;
  pthread_cond_broadcast(&collector->changed);
  pthread_mutex_unlock(&collector->lock);
  const struct fake_answer *answer =
      &collector->answers[number < collector->count ? number : collector->count - 1];
  return reply(connection, answer);
}

static void ended(void *cls, struct MHD_Connection *connection, void **request_cls,
                  enum MHD_RequestTerminationCode code) {
  struct request *request = *request_cls;
  (void)cls;
  (void)connection;
  (void)code;
  if (!request) return;
  free(request->body);
  free(request);
}

static void connected(void *cls, struct MHD_Connection *connection, void **socket_cls,
                      enum MHD_ConnectionNotificationCode code) {
  struct fake_collector *collector = cls;
  (void)connection;
  (void)socket_cls;
  if (code != MHD_CONNECTION_NOTIFY_STARTED) return;
  pthread_mutex_lock(&collector->lock);
  collector->connections++;
  pthread_mutex_unlock(&collector->lock);
}

struct fake_collector *fake_collector_new(uint16_t port, const struct fake_answer *answers, size_t count) {
  struct fake_collector *collector = calloc(1, sizeof *collector);
  struct sockaddr_in address = loopback_address(port);
  collector->answers = answers;
  collector->count = count;
  pthread_mutex_init(&collector->lock, NULL);
  pthread_cond_init(&collector->changed, NULL);
  collector->daemon = MHD_start_daemon(
      MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, handle, collector, MHD_OPTION_SOCK_ADDR,
      &address, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_NOTIFY_COMPLETED, ended, NULL,
      MHD_OPTION_NOTIFY_CONNECTION, connected, collector, MHD_OPTION_END);
  if (!collector->daemon) abort();
  collector->port = MHD_get_daemon_info(collector->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
  snprintf(collector->url, sizeof collector->url, "http://127.0.0.1:%u/v1/traces", collector->port);
  return collector;
}

void fake_collector_free(struct fake_collector *collector) {
  MHD_stop_daemon(collector->daemon);
  for (size_t i = 0; i < collector->arrived; i++) {
    free(collector->requests[i]->body);
    free(collector->requests[i]);
  }
  pthread_cond_destroy(&collector->changed);
  pthread_mutex_destroy(&collector->lock);
  free(collector);
}

uint16_t fake_collector_port(const struct fake_collector *collector) {
  return collector->port;
}

const char *fake_collector_url(const struct fake_collector *collector) {
  return collector->url;
}

size_t fake_collector_requests(struct fake_collector *collector) {
  pthread_mutex_lock(&collector->lock);
  size_t arrived = collector->arrived;
  pthread_mutex_unlock(&collector->lock);
  return arrived;
}

size_t fake_collector_connections(struct fake_collector *collector) {
  pthread_mutex_lock(&collector->lock);
  size_t connections = collector->connections;
  pthread_mutex_unlock(&collector->lock);
  return connections;
}

void fake_collector_wait(struct fake_collector *collector, size_t requests) {
  pthread_mutex_lock(&collector->lock);
  while (collector->arrived < requests) pthread_cond_wait(&collector->changed, &collector->lock);
  pthread_mutex_unlock(&collector->lock);
}

const void *fake_collector_body(struct fake_collector *collector, size_t request, size_t *len) {
  fake_collector_wait(collector, request + 1);
  *len = collector->requests[request]->len;
  return collector->requests[request]->body;
}

const char *fake_collector_header(struct fake_collector *collector, size_t request, const char *name) {
  fake_collector_wait(collector, request + 1);
  const struct request *of = collector->requests[request];
  for (int i = 0; i < of->headers; i++)
    if (strcasecmp(of->names[i], name) == 0) return of->values[i];
  return "";
}
