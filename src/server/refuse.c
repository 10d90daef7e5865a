/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "server/insides_private.h"
#include "server/refuse_private.h"

enum { REPLY_LIMIT = 16384 };

/* One row per status. The detail is for faults about which no more is known. */
static const struct status {
  unsigned status;
  const char *code, *phrase, *detail;
} statuses[] = {
    {400, "invalid_request", "Bad Request", /* also for other statuses below 500 */
     "The request line or a header is not well formed: write METHOD TARGET HTTP/1.1, then a line NAME: VALUE"
     " for each header."},
    {408, "request_timeout", "Request Timeout",
     "The request did not arrive in time: send it faster, or send less."},
    {413, "payload_too_large", "Content Too Large",
     "The body or a part of its coding is larger than this server accepts: send less."},
    {414, "target_too_long", "URI Too Long",
     "The target is longer than this server accepts: send a shorter one."},
    {431, "header_too_large", "Request Header Fields Too Large",
     "The request line and headers are larger than this server accepts: send fewer or shorter ones."},
    {503, "unavailable", "Service Unavailable", "Try again soon."},
    {505, "version_not_supported", "HTTP Version Not Supported",
     "This server speaks HTTP/1.1 and HTTP/1.0: use one of them."},
};

static const struct status *status_of(unsigned status) {
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    if (statuses[i].status == status) return &statuses[i];
  return &statuses[0];
}

unsigned server_refusal_status(size_t index) {
  return index < sizeof statuses / sizeof *statuses ? statuses[index].status : 0;
}

void server_refuse_fill(struct server_refusal *refusal, unsigned status) {
  /* libmicrohttpd responds with 500 when a chunk extension fills its memory. That is the client's error. */
  bool server_error = status >= 500 && status_of(status) == &statuses[0];
  const struct status *row = status_of(server_error ? MHD_HTTP_CONTENT_TOO_LARGE : status);
  refusal->status = row->status;
  refusal->code = row->code;
  refusal->detail = row->detail;
}

bool server_refusal_header(struct server_refusal_reply *reply, const char *name, const char *value) {
  size_t len = strlen(value);
  if (reply->header_count == SERVER_REFUSAL_HEADERS || len == 0 || len >= sizeof reply->headers[0].value)
    return false;
  for (const char *at = value; *at; at++)
    if ((unsigned char)*at < 0x20 || *at == 0x7f) return false;
  reply->headers[reply->header_count].name = name;
  memcpy(reply->headers[reply->header_count].value, value, len + 1);
  reply->header_count++;
  return true;
}

/* Makes the hook's reply, or a plain one. */
static void reply_make(struct server *server, const struct server_refusal *refusal,
                       struct server_refusal_reply *reply) {
  *reply = (struct server_refusal_reply){.body = BUF_INIT(REPLY_LIMIT)};
  if (server->hooks.refused) server->hooks.refused(server->hooks.cls, refusal, reply);
  if (buf_failed(&reply->body)) buf_reset(&reply->body);
  if (reply->body.len == 0) {
    reply->content_type = NULL;
    buf_puts(&reply->body, refusal->detail);
    if (refusal->limit) {
      buf_puts(&reply->body, " The limit is ");
      buf_put_u64(&reply->body, refusal->limit);
      buf_puts(&reply->body, " bytes.");
    }
    buf_putc(&reply->body, '\n');
  }
  if (!reply->content_type) reply->content_type = "text/plain; charset=utf-8";
  if (refusal->status == MHD_HTTP_SERVICE_UNAVAILABLE) server_refusal_header(reply, "Retry-After", "1");
}

/* Ulfius's request has no method until the dispatcher has run. */
static void refusal_complete(struct server_client *client, struct server_refusal *refusal) {
  if (client->request) {
    if (!refusal->method) refusal->method = client->request->request->http_verb;
    refusal->target = client->request->request->http_url;
  }
  refusal->client = client->address;
  refusal->client_port = client->port;
  refusal->connection = client->connection;
  client->refused = client->linger = true;
}

static enum MHD_Result reply_queue(struct server_client *client, const struct server_refusal *refusal,
                                   const struct server_refusal_reply *reply) {
  struct MHD_Response *response =
      MHD_create_response_from_buffer(reply->body.len, reply->body.data, MHD_RESPMEM_MUST_COPY);
  if (!response) return MHD_NO;
  MHD_add_response_header(response, "Content-Type", reply->content_type);
  MHD_add_response_header(response, "Connection", "close");
  for (size_t i = 0; i < reply->header_count; i++)
    MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
  enum MHD_Result result = MHD_queue_response(client->connection, refusal->status, response);
  MHD_destroy_response(response);
  return result;
}

/* The names are English, because no program here sets a locale. */
static void date_put(struct buf *out) {
  char text[64];
  struct tm at;
  gmtime_r(&(time_t){time(NULL)}, &at);
  strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &at);
  buf_puts(out, text);
}

/* Writes a whole reply to a socket and ends our side of the connection. */
static void reply_write(struct server *server, int fd, const struct server_refusal *refusal) {
  struct buf out = BUF_INIT(2 * REPLY_LIMIT);
  struct server_refusal_reply reply;
  reply_make(server, refusal, &reply);
  buf_puts(&out, "HTTP/1.1 ");
  buf_put_u64(&out, refusal->status);
  buf_putc(&out, ' ');
  buf_puts(&out, status_of(refusal->status)->phrase);
  buf_puts(&out, "\r\nDate: ");
  date_put(&out);
  buf_puts(&out, "\r\nConnection: close\r\nContent-Type: ");
  buf_puts(&out, reply.content_type);
  for (size_t i = 0; i < reply.header_count; i++) {
    buf_puts(&out, "\r\n");
    buf_puts(&out, reply.headers[i].name);
    buf_puts(&out, ": ");
    buf_puts(&out, reply.headers[i].value);
  }
  buf_puts(&out, "\r\nContent-Length: ");
  buf_put_u64(&out, reply.body.len);
  buf_puts(&out, "\r\n\r\n");
  if (!refusal->method || strcmp(refusal->method, "HEAD") != 0)
    buf_append(&out, reply.body.data, reply.body.len);
  if (!buf_failed(&out)) (void)!send(fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
  shutdown(fd, SHUT_WR);
  buf_free(&reply.body);
  buf_free(&out);
}

enum MHD_Result server_refuse(struct server_client *client, struct server_refusal *refusal) {
  struct server_refusal_reply reply;
  /* A large header block may have left no memory for the reply's headers. */
  if (refusal->status == MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE || refusal->status == MHD_HTTP_URI_TOO_LONG)
    return server_refuse_now(client, refusal);
  refusal_complete(client, refusal);
  reply_make(client->server, refusal, &reply);
  enum MHD_Result result = reply_queue(client, refusal, &reply);
  buf_free(&reply.body);
  return result;
}

enum MHD_Result server_refuse_now(struct server_client *client, struct server_refusal *refusal) {
  refusal_complete(client, refusal);
  reply_write(client->server, client->fd, refusal);
  return MHD_NO;
}

void server_refuse_away(struct server *server, int fd, const char *client, const char *detail) {
  struct server_refusal refusal = {.origin = SERVER_REFUSED_BY_GUARD, .client = client};
  server_refuse_fill(&refusal, MHD_HTTP_SERVICE_UNAVAILABLE);
  refusal.detail = detail;
  reply_write(server, fd, &refusal);
}

/* libmicrohttpd's own limits are higher, so the request exceeds ours too. */
static size_t limit_of(const struct server_settings *settings, unsigned status) {
  if (status == MHD_HTTP_CONTENT_TOO_LARGE) return settings->body_limit;
  bool head = status == MHD_HTTP_URI_TOO_LONG || status == MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
  return head ? settings->header_limit : 0;
}

void server_refuse_for_library(struct server_client *client, unsigned status, const char *page) {
  struct server_refusal refusal = {.origin = SERVER_REFUSED_BY_LIBRARY,
                                   .limit = limit_of(&client->server->settings, status)};
  server_refuse_fill(&refusal, status);
  const char *finding = refusal.status == MHD_HTTP_BAD_REQUEST ? server_insides_finding(page) : NULL;
  if (finding) refusal.detail = finding;
  server_refuse_now(client, &refusal);
}
