/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/guards_private.h"
#include "server/insides_private.h"
#include "server/refuse_private.h"
#include "server/target_private.h"

struct seen {
  unsigned count;
  const char *value; /* the last one */
};

/* Findings of one pass over a request's headers, or trailers. */
struct headers {
  size_t size; /* of names and values */
  struct seen host, content_length, transfer_encoding, expect;
  bool bad_name, bad_value;
};

bool server_guard_is_token(const char *text, size_t len) {
  if (len == 0) return false;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-') continue; /* nearly all characters */
    if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c)) return false;
  }
  return true;
}

static enum MHD_Result headers_count(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                     const char *value, size_t value_len) {
  struct headers *headers = cls;
  (void)kind;
  headers->size += name_len + value_len;
  if (!server_guard_is_token(name, name_len)) headers->bad_name = true;
  for (size_t i = 0; i < value_len; i++)
    if (((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 0x7f) headers->bad_value = true;
  struct seen *seen = NULL;
  if (name_len == 4 && strcasecmp(name, "Host") == 0) seen = &headers->host;
  if (name_len == 14 && strcasecmp(name, "Content-Length") == 0) seen = &headers->content_length;
  if (name_len == 6 && strcasecmp(name, "Expect") == 0) seen = &headers->expect;
  if (name_len == 17 && strcasecmp(name, "Transfer-Encoding") == 0) seen = &headers->transfer_encoding;
  if (!seen) return MHD_YES;
  seen->count++;
  seen->value = value;
  return MHD_YES;
}

/* limit: the number of bytes that a part of the request exceeds, or 0. detail NULL: that of the status. */
static bool refuse_status(struct server_refusal *refusal, unsigned status, size_t limit, const char *detail) {
  *refusal = (struct server_refusal){.origin = SERVER_REFUSED_BY_GUARD, .limit = limit};
  server_refuse_fill(refusal, status);
  if (detail) refusal->detail = detail;
  return true;
}

/* Refuses a request that is not valid. */
static bool refuse(struct server_refusal *refusal, const char *detail) {
  return refuse_status(refusal, MHD_HTTP_BAD_REQUEST, 0, detail);
}

static bool refuse_line(struct server_refusal *refusal) {
  return refuse(refusal, "The request line is not well formed: write METHOD TARGET HTTP/1.1.");
}

static bool refuse_body(struct server_refusal *refusal, size_t limit) {
  return refuse_status(refusal, MHD_HTTP_CONTENT_TOO_LARGE, limit,
                       "The body is larger than this server accepts: send less.");
}

void server_guard_bad_arrival(const struct server_arrival *arrival, struct server_refusal *refusal) {
  if (arrival->fault == SERVER_ARRIVAL_TOO_LARGE)
    refuse_body(refusal, arrival->body_limit);
  else if (arrival->fault == SERVER_ARRIVAL_BAD_TRAILER)
    refuse(refusal,
           "The trailers are not well formed: each line must end with CR LF, and may not be folded or hold "
           "NUL.");
  else if (arrival->fault == SERVER_ARRIVAL_BAD_CHUNK)
    refuse(refusal,
           "The chunked body is not well formed: begin each chunk with its size in hexadecimal, and end each"
           " line with CR LF.");
  else
    refuse_line(refusal);
}

bool server_guard_target_is_clean(const char *target) {
  for (const char *at = target; *at; at++)
    if ((unsigned char)*at <= ' ' || *at == 0x7f) return false;
  return server_insides_target_is_whole(target);
}

static bool refuse_fields(struct server_refusal *refusal) {
  _Static_assert(SERVER_FIELDS_MAX == 100, "the message says 100");
  return refuse_status(refusal, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, 0,
                       "The request has more than 100 headers, cookies, arguments and trailers: send fewer.");
}

static unsigned fields_count(const struct server_client *client) {
  int kinds = MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND | MHD_FOOTER_KIND;
  return (unsigned)MHD_get_connection_values(client->connection, (enum MHD_ValueKind)kinds, NULL, NULL);
}

bool server_guard_arguments_cut(const struct server *server, const char *target) {
  const char *query = strchr(target, '?');
  unsigned arguments = 0;
  if (!query || !server_insides_known()) return false;
  for (const char *at = query; at; at = strchr(at + 1, '&')) arguments++;
  if (arguments <= SERVER_FIELDS_MAX && strlen(target) <= 2 * server->settings.header_limit) return false;
  server_insides_writable(query)[1] = '\0';
  return true;
}

static bool refuse_characters(const struct headers *headers, struct server_refusal *refusal) {
  if (headers->bad_value)
    return refuse(refusal, "The value of a header or trailer holds a control character: remove it.");
  if (headers->bad_name)
    return refuse(refusal,
                  "The name of a header or trailer is empty, or holds a character that is not allowed there, "
                  "such as a space"
                  " before the colon: use letters, digits and -.");
  return false;
}

bool server_guard_refuses_trailers(const struct server_client *client, struct server_refusal *refusal) {
  struct headers trailers = {0};
  if (MHD_get_connection_values_n(client->connection, MHD_FOOTER_KIND, headers_count, &trailers) <= 0)
    return false;
  if (fields_count(client) > SERVER_FIELDS_MAX) return refuse_fields(refusal);
  if (trailers.size > client->server->settings.header_limit)
    return refuse_status(refusal, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                         client->server->settings.header_limit,
                         "The trailers are larger than this server accepts: send fewer or shorter ones.");
  return refuse_characters(&trailers, refusal);
}

/* The method must be a token. One space and the target must follow it, because a NUL would hide the rest of
 * the method. */
static bool method_is_clean(const char *method, const char *target) {
  return server_guard_is_token(method, strlen(method)) && server_insides_method_is_whole(method, target);
}

/* RFC 9112, 3.2. */
static bool refuse_hosts(const struct server_client *client, const struct headers *headers,
                         const char *version, struct server_refusal *refusal) {
  if (headers->host.count > 1) return refuse(refusal, "The request has more than one Host header: send one.");
  if (headers->host.count == 0 && strcmp(version, "HTTP/1.0") != 0)
    return refuse(refusal, "The Host header is missing: send it.");
  if ((headers->host.count && !server_target_authority_is_valid(headers->host.value)) ||
      (client->authority && !server_target_authority_is_valid(client->authority)))
    return refuse(
        refusal, "The Host header or the target's host is not valid: write HOST or HOST:PORT, with a name, an"
                 " IPv4 address or an IPv6 address in brackets, and a port up to 65535.");
  return false;
}

/* The end of the body must be unambiguous. */
static bool refuse_framing(const struct headers *headers, const char *version,
                           struct server_refusal *refusal) {
  if (headers->content_length.count > 1)
    return refuse(refusal, "The request has more than one Content-Length header: send one.");
  if (headers->transfer_encoding.count && headers->content_length.count)
    return refuse(refusal, "The request has both Content-Length and Transfer-Encoding: send one of them.");
  if (headers->transfer_encoding.count > 1 ||
      (headers->transfer_encoding.count && strcasecmp(headers->transfer_encoding.value, "chunked") != 0))
    return refuse(
        refusal,
        "The only Transfer-Encoding this server accepts is chunked: use it, or send a Content-Length.");
  if (headers->transfer_encoding.count && strcmp(version, "HTTP/1.1") != 0)
    return refuse(refusal, "Transfer-Encoding needs HTTP/1.1: use that, or send a Content-Length.");
  return false;
}

static enum MHD_Result expectation_drop(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                        const char *value, size_t value_len) {
  (void)cls, (void)kind;
  if (name_len == 6 && strcasecmp(name, "Expect") == 0 && value_len > 0)
    *server_insides_writable(value) = '-';
  return MHD_YES;
}

bool server_guard_refuses(const struct server_client *client, const char *method, const char *target,
                          const char *version, struct server_refusal *refusal) {
  const struct server *server = client->server;
  struct headers headers = {0};
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(client->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  bool bad_layout = info && !server_insides_block_is_clean(method, version, info->header_size);
  MHD_get_connection_values_n(client->connection, MHD_HEADER_KIND, headers_count, &headers);
  if (client->long_target)
    return refuse_status(refusal, MHD_HTTP_URI_TOO_LONG, server->settings.header_limit, NULL);
  if (info && info->header_size > server->settings.header_limit)
    return refuse_status(refusal, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, server->settings.header_limit,
                         NULL);
  if (client->too_many_arguments || fields_count(client) > SERVER_FIELDS_MAX) return refuse_fields(refusal);
  if (!method_is_clean(method, target)) return refuse_line(refusal);
  if (client->bad_target)
    return refuse(
        refusal,
        "The request's target holds a space or a control character: percent-encode it (%20 for a space).");
  if (!server_target_is_served(client->request->request->http_url, method))
    return refuse(
        refusal,
        "This server is not a proxy and opens no tunnels: ask for a path, such as /, or for an http URI.");
  if (bad_layout)
    return refuse(
        refusal,
        "The headers are not well formed: each line must end with CR LF, and may not be folded or hold NUL.");
  if (refuse_characters(&headers, refusal) || refuse_hosts(client, &headers, version, refusal) ||
      refuse_framing(&headers, version, refusal))
    return true;
  uint64_t length = headers.content_length.count ? strtoull(headers.content_length.value, NULL, 10) : 0;
  if (length > server->settings.body_limit) return refuse_body(refusal, server->settings.body_limit);
  /* The start of the body arrived together with the header and has a fault. */
  if (client->arrival.fault > SERVER_ARRIVAL_BAD_LINE && client->arrival.requests == client->completed) {
    server_guard_bad_arrival(&client->arrival, refusal);
    return true;
  }
  /* Without a body there is nothing to continue with. libmicrohttpd 0.9 would invite one, and take a request
   * that follows in the same bytes for it. */
  if (headers.expect.count && !headers.transfer_encoding.count && length == 0 && server_insides_known())
    MHD_get_connection_values_n(client->connection, MHD_HEADER_KIND, expectation_drop, NULL);
  return false;
}
