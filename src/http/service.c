/* SPDX-License-Identifier: MIT */
#include "http/service.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ulfius.h>

#include "http/observe.h"
#include "http/reply.h"
#include "http/service_private.h"
#include "server/drain.h"
#include "server/request.h"

enum { REPLY_LIMIT = 64 << 20 }; /* for a page of traces; all other replies are small */

struct http_service {
  struct http_service_settings settings;
  struct http_service_parts parts;
  struct http_observe *observe;
  struct server *server;
  _Atomic bool ready;
};

const struct http_service_parts *http_service_parts(const struct http_service *service) {
  return &service->parts;
}

const struct http_service_settings *http_service_settings(const struct http_service *service) {
  return &service->settings;
}

bool http_service_ready(const struct http_service *service) {
  return atomic_load(&service->ready) && !server_draining(service->server);
}

void http_service_set_ready(struct http_service *service, bool ready) {
  atomic_store(&service->ready, ready);
}

const struct address *http_service_address(const struct http_service *service) {
  return server_address(service->server);
}

static void begin_exchange(struct http_service *service, const struct _u_request *request,
                           struct http_exchange *exchange) {
  exchange->service = service;
  exchange->connection = server_request_connection(request);
  exchange->method = request->http_verb;
  exchange->path = request->url_path;
  const char *query = strchr(request->http_url, '?');
  exchange->query = query ? query + 1 : NULL;
  exchange->version = request->http_protocol;
  exchange->client = server_request_client(request);
  exchange->client_port = server_request_client_port(request);
  exchange->body = request->binary_body;
  exchange->body_len = request->binary_body_length;
  exchange->reply = (struct buf)BUF_INIT(REPLY_LIMIT);
  http_observe_begin(service->observe, exchange);
}

/* For a path without a row. The detail lists all routes. */
static void reply_not_found(struct http_exchange *exchange) {
  char routes[HTTP_DETAIL_SIZE - 128];
  http_route_list(routes, sizeof routes);
  http_reply_problem(exchange, HTTP_NOT_FOUND, "Use %s.", routes);
}

static void handle(struct http_exchange *exchange) {
  const struct http_route *route = exchange->route;
  if (strcmp(exchange->path, HTTP_WHOLE_SERVER) == 0) { /* the server lets only OPTIONS pass */
    exchange->status = MHD_HTTP_NO_CONTENT;
  } else if (!route) {
    reply_not_found(exchange);
  } else if (!http_route_takes(route, exchange->method)) {
    char allow[HTTP_ALLOW_SIZE];
    http_route_allow(exchange->path, allow);
    http_reply_problem(exchange, HTTP_METHOD_NOT_ALLOWED, "%s takes %s.", route->path, allow);
  } else if (!http_route_is_probe(route) && server_draining(exchange->service->server)) {
    http_reply_problem(exchange, HTTP_UNAVAILABLE, "The service is shutting down.");
  } else {
    route->handle(exchange);
  }
}

/* Passes each header of the reply, except its type, to put. */
static void each_header(const struct http_exchange *exchange,
                        void (*put)(void *cls, const char *, const char *), void *cls) {
  char traceparent[TEL_TRACEPARENT_SIZE], allow[HTTP_ALLOW_SIZE];
  put(cls, "X-Request-Id", exchange->request_id);
  if (tel_context_valid(&exchange->context)) {
    tel_traceparent_format(&exchange->context, traceparent);
    put(cls, "traceparent", traceparent);
  }
  if (*exchange->location) put(cls, "Location", exchange->location);
  if (exchange->problem == HTTP_METHOD_NOT_ALLOWED || exchange->status == MHD_HTTP_NO_CONTENT) {
    http_route_allow(exchange->path, allow);
    put(cls, "Allow", allow);
  }
  if (exchange->accept) put(cls, "Accept", exchange->accept);
  if (exchange->accept_encoding) put(cls, "Accept-Encoding", exchange->accept_encoding);
  if (exchange->route && exchange->route->vary) put(cls, "Vary", exchange->route->vary);
  for (const struct http_reply_header *header = exchange->more_headers; header && header->name; header++)
    put(cls, header->name, header->value);
  if (exchange->encoding) put(cls, "Content-Encoding", exchange->encoding);
  if (exchange->retry_after) put(cls, "Retry-After", exchange->retry_after);
}

static void put_response_header(void *response, const char *name, const char *value) {
  MHD_add_response_header(response, name, value);
}

/* The response takes ownership of the reply's data. The reply keeps its length for the log line. Returns NULL
 * when out of memory. */
static struct MHD_Response *make_response(struct http_exchange *exchange) {
  struct buf *reply = &exchange->reply;
  struct MHD_Response *response =
      MHD_create_response_from_buffer(reply->len, reply->len ? reply->data : NULL, MHD_RESPMEM_MUST_FREE);
  if (!response) return NULL;
  if (reply->len) {
    reply->data = NULL;
    reply->cap = 0;
  }
  if (exchange->content_type) put_response_header(response, "Content-Type", exchange->content_type);
  each_header(exchange, put_response_header, response);
  if (server_draining(exchange->service->server)) put_response_header(response, "Connection", "close");
  return response;
}

/* If there is no memory for the response, the exchange changes too, so that its signals describe the response
 * that was sent. */
static void respond(struct http_exchange *exchange, const struct _u_request *request) {
  bool lacking = exchange->reply.len == 0 && exchange->status != MHD_HTTP_NO_CONTENT;
  struct MHD_Response *response = lacking ? NULL : make_response(exchange);
  if (!response) {
    if (!exchange->problem) http_reply_no_memory(exchange);
    buf_reset(&exchange->reply);
    response = make_response(exchange);
  }
  server_request_reply(request, exchange->status, response);
}

/* Serves one request. */
static int serve(const struct _u_request *request, struct _u_response *response, void *cls) {
  struct http_service *service = cls;
  struct http_exchange exchange;
  http_exchange_init(&exchange);
  begin_exchange(service, request, &exchange);
  handle(&exchange);
  respond(&exchange, request);
  response->status = exchange.status;
  http_observe_end(service->observe, &exchange);
  buf_free(&exchange.reply);
  return U_CALLBACK_COMPLETE;
}

_Static_assert((int)SERVER_REFUSAL_VALUE_SIZE >= (int)HTTP_REQUEST_ID_SIZE, "a caller's id fits");

static void put_refusal_header(void *reply, const char *name, const char *value) {
  server_refusal_header(reply, name, value);
}

/* Adds the limit to the detail. It is a setting, so the server's constant texts cannot name it. */
static void reply_refusal(struct http_exchange *exchange, const struct server_refusal *refusal) {
  enum http_problem problem = http_problem_by_code(refusal->code);
  if (!refusal->limit)
    http_reply_problem(exchange, problem ? problem : HTTP_INVALID_REQUEST, "%s", refusal->detail);
  else if (problem == HTTP_PAYLOAD_TOO_LARGE)
    http_reply_problem(exchange, problem, "The body has more than %zu bytes (server.body_limit).",
                       refusal->limit);
  else
    http_reply_problem(exchange, problem, "%s The limit is %zu bytes.", refusal->detail, refusal->limit);
}

/* Sets the exchange's problem and, if the server asks for a reply, fills the reply. */
static void respond_to_refusal(struct http_exchange *exchange, const struct server_refusal *refusal,
                               struct server_refusal_reply *reply) {
  reply_refusal(exchange, refusal);
  if (!reply) return;
  buf_append(&reply->body, exchange->reply.data, exchange->reply.len);
  reply->content_type = exchange->content_type;
  exchange->retry_after = NULL; /* the server sets it */
  each_header(exchange, put_refusal_header, reply);
}

/* Copies the path, cut to size; "" if the target was not read. */
static void refused_path(const struct server_refusal *refusal, char path[HTTP_TEXT_SIZE]) {
  const char *target = refusal->target ? refusal->target : "";
  snprintf(path, HTTP_TEXT_SIZE, "%.*s", (int)strcspn(target, "?"), target);
}

/* A guard of the server refused the request. It gets a response and signals like any other request. */
static void refuse(struct http_service *service, const struct server_refusal *refusal,
                   struct server_refusal_reply *reply) {
  char path[HTTP_TEXT_SIZE];
  refused_path(refusal, path);
  const char *query = strchr(refusal->target, '?');
  struct http_exchange exchange = {.service = service,
                                   .connection = refusal->connection,
                                   .method = refusal->method,
                                   .path = path,
                                   .query = query ? query + 1 : NULL,
                                   .version = refusal->version,
                                   .client = refusal->client,
                                   .client_port = refusal->client_port,
                                   .reply = BUF_INIT(REPLY_LIMIT)};
  http_observe_begin(service->observe, &exchange);
  respond_to_refusal(&exchange, refusal, reply);
  http_observe_end(service->observe, &exchange);
  buf_free(&exchange.reply);
}

/* Little or nothing of the request was read (malformed, too many connections, a backlog at shutdown), so it
 * has no route to observe. The client gets the same kind of response. */
static void turn_away(struct http_service *service, const struct server_refusal *refusal,
                      struct server_refusal_reply *reply) {
  char path[HTTP_TEXT_SIZE];
  refused_path(refusal, path);
  struct http_exchange exchange = {.path = path,
                                   .connection = refusal->target ? refusal->connection : NULL,
                                   .reply = BUF_INIT(REPLY_LIMIT)};
  if (reply) {
    http_observe_identify(service->observe, &exchange);
    respond_to_refusal(&exchange, refusal, reply);
  }
  http_observe_refused(service->observe, refusal, reply ? &exchange : NULL);
  buf_free(&exchange.reply);
}

static void refused(void *cls, const struct server_refusal *refusal, struct server_refusal_reply *reply) {
  struct http_service *service = cls;
  if (refusal->origin == SERVER_REFUSED_BY_GUARD && refusal->method && refusal->target && refusal->connection)
    refuse(service, refusal, reply);
  else
    turn_away(service, refusal, reply);
}

static void log_library(void *cls, enum server_log_level level, const char *text) {
  struct http_service *service = cls;
  tel_log_event(service->parts.logger, level == SERVER_LOG_DEBUG ? TEL_DEBUG : TEL_WARN, "http library", "%s",
                text);
}

static void read_in_flight(void *cls, struct tel_emit *emit) {
  tel_emit_value(emit, NULL, server_in_flight(((struct http_service *)cls)->server));
}

static void read_build(void *cls, struct tel_emit *emit) {
  const struct http_service *service = cls;
  const char *values[] = {service->settings.version, service->settings.commit, service->settings.compiler};
  tel_emit_value(emit, values, 1);
}

static int register_metrics(struct http_service *service) {
  const struct tel_metric table[] = {
      {.type = TEL_METRIC_GAUGE,
       .name = "minishop_requests_in_flight",
       .help = "Requests being served, including probes.",
       .read = read_in_flight,
       .cls = service},
      {.type = TEL_METRIC_GAUGE,
       .name = "minishop_build_info",
       .help = "Build information in the labels; always 1.",
       .labels = "version commit compiler",
       .read = read_build,
       .cls = service},
  };
  return tel_registry_add(service->parts.registry, table, sizeof table / sizeof *table);
}

int http_service_new(const struct http_service_settings *settings, const struct http_service_parts *parts,
                     struct http_service **out, struct error *error) {
  struct http_service *service = calloc(1, sizeof *service);
  error_set(error, "out of memory");
  if (!service) return -1;
  service->settings = *settings;
  service->parts = *parts;
  service->observe = http_observe_new(parts->registry, parts->tracer, parts->logger, settings->buckets,
                                      settings->bucket_count);
  struct server_hooks hooks = {.cls = service, .handle = serve, .refused = refused, .log = log_library};
  if (service->observe) service->server = server_new(&settings->server, &hooks, error);
  if (!service->server) goto fail;
  if (register_metrics(service) != 0) {
    error_set(error, "cannot register the metrics: out of memory");
    goto fail;
  }
  *out = service;
  return 0;
fail:
  http_service_free(service);
  return -1;
}

int http_service_start(struct http_service *service, struct error *error) {
  return server_start(service->server, error);
}

unsigned http_service_drain(struct http_service *service, uint64_t deadline_mono_ns) {
  http_service_set_ready(service, false);
  return server_drain(service->server, deadline_mono_ns);
}

void http_service_free(struct http_service *service) {
  if (!service) return;
  server_free(service->server);
  http_observe_free(service->observe);
  free(service);
}
