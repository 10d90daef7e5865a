#include "http/handlers.h"
#include "http/service_internal.h"
#include "telemetry/exposition.h"

static void reply_status(struct http_exchange *exchange, const char *status) {
  buf_puts(&exchange->reply, "{\"status\":\"");
  buf_puts(&exchange->reply, status);
  buf_puts(&exchange->reply, "\"}");
  http_reply_json(exchange, 200);
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
  buf_puts(&exchange->reply, "{\"version\":\"");
  buf_puts(&exchange->reply, settings->version);
  buf_puts(&exchange->reply, "\",\"commit\":\"");
  buf_puts(&exchange->reply, settings->commit);
  buf_puts(&exchange->reply, "\",\"compiler\":\"");
  buf_puts(&exchange->reply, settings->compiler);
  buf_puts(&exchange->reply, "\"}");
  http_reply_json(exchange, 200);
}

/* What a header says that may be repeated; repetition is rare enough to be treated as absence. */
void http_handle_metrics(struct http_exchange *exchange) {
  struct tel_registry *registry = http_service_parts(exchange->service)->registry;
  if (!registry) {
    http_reply_problem(exchange, HTTP_NOT_FOUND, "Metrics are switched off (metrics.enabled).");
    return;
  }
  enum tel_format format = tel_format_negotiate(exchange->headers[HTTP_ACCEPT]);
  bool gzip = tel_format_accepts_gzip(exchange->headers[HTTP_ACCEPT_ENCODING]);
  struct buf text = BUF_INIT(64 << 20);
  int error = tel_exposition_write(registry, format, gzip ? &text : &exchange->reply);
  if (!error && gzip) error = tel_gzip(text.data, text.len, &exchange->reply);
  buf_free(&text);
  if (error) {
    http_reply_problem(exchange, HTTP_UNAVAILABLE, "Out of memory.");
    return;
  }
  exchange->status = 200;
  exchange->content_type = tel_format_content_type(format);
  exchange->encoding = gzip ? "gzip" : NULL;
}
