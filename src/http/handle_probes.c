/* SPDX-License-Identifier: MIT */
#include "base/buf_json.h"
#include "http/reply.h"
#include "http/service_private.h"
#include "server/request.h"
#include "tel/scrape.h"

enum { LIST_LIMIT = 16384 /* above any header block */ };

static void reply_status(struct http_exchange *exchange, const char *status) {
  buf_putc(&exchange->reply, '{');
  buf_json_member_text(&exchange->reply, "status", status);
  buf_putc(&exchange->reply, '}');
  http_reply_json(exchange);
}

void http_handle_healthz(struct http_exchange *exchange) {
  reply_status(exchange, "alive");
}

void http_handle_readyz(struct http_exchange *exchange) {
  if (http_service_ready(exchange->service))
    reply_status(exchange, "ready");
  else
    http_reply_problem(exchange, HTTP_UNAVAILABLE, "The service is starting or draining.");
}

void http_handle_version(struct http_exchange *exchange) {
  const struct http_service_settings *settings = http_service_settings(exchange->service);
  buf_putc(&exchange->reply, '{');
  buf_json_member_text(&exchange->reply, "version", settings->version);
  buf_json_member_text(&exchange->reply, "commit", settings->commit);
  buf_json_member_text(&exchange->reply, "compiler", settings->compiler);
  buf_putc(&exchange->reply, '}');
  http_reply_json(exchange);
}

void http_handle_metrics(struct http_exchange *exchange) {
  struct tel_registry *registry = http_service_parts(exchange->service)->registry;
  if (!registry) {
    http_reply_problem(exchange, HTTP_NOT_FOUND,
                       "Metrics are switched off: set metrics.enabled to true and restart minishop.");
    return;
  }
  /* Several header lines with the same name form one list (RFC 9110, 5.3). */
  struct buf accept = BUF_INIT(LIST_LIMIT), encodings = BUF_INIT(LIST_LIMIT);
  server_connection_header_join(exchange->connection, "Accept", &accept);
  server_connection_header_join(exchange->connection, "Accept-Encoding", &encodings);
  struct tel_scrape scrape;
  int error = tel_scrape(registry, buf_cstr(&accept), buf_cstr(&encodings), &scrape);
  buf_free(&accept);
  buf_free(&encodings);
  if (error) {
    http_reply_no_memory(exchange);
    return;
  }
  exchange->status = exchange->route->status;
  exchange->content_type = scrape.content_type;
  exchange->encoding = scrape.content_encoding;
  exchange->reply.data = scrape.body; /* the reply owns it now, and frees it in the same way */
  exchange->reply.len = exchange->reply.cap = scrape.size;
}
