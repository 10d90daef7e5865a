/* SPDX-License-Identifier: MIT */
#include "telemetry/http/describe.h"

#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/buf.h"
#include "telemetry/core/attributes_private.h"

const char *const tel_http_methods[TEL_HTTP_METHODS] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                        "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER"};

size_t tel_http_method_index(const char *method) {
  for (size_t i = 0; i < TEL_HTTP_OTHER; i++)
    if (strcmp(tel_http_methods[i], method) == 0) return i;
  return TEL_HTTP_OTHER;
}

const char *tel_http_path_of(const char *target) {
  static const char scheme[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
  if (*target == '/') return target; /* nearly always */
  const char *rest = target + strspn(target, scheme);
  if (rest == target || strncmp(rest, "://", 3) != 0) return target;
  rest += 3 + strcspn(rest + 3, "/?#");
  return *rest == '/' ? rest : "/";
}

struct tel_http_parts {
  struct tel_block *span, *line;
};

static bool fill_parts(struct tel_http_parts *parts, const char *method, const char *route, unsigned status) {
  struct tel_attributes span, line;
  tel_attributes_begin(&span, TEL_FORM_SPAN, UINT32_MAX, UINT32_MAX, 0);
  tel_attributes_begin(&line, TEL_FORM_JSON, UINT32_MAX, UINT32_MAX, 0);
  tel_attributes_set_string(&span, "http.request.method", method);
  if (route) tel_attributes_set_string(&span, "http.route", route);
  if (status) tel_attributes_set_int(&span, "http.response.status_code", status);
  tel_attributes_set_string(&line, "method", method);
  tel_attributes_set_string(&line, "route", route ? route : "unmatched");
  tel_attributes_set_int(&line, "status", status);
  bool whole = span.dropped + line.dropped == 0;
  parts->span = whole ? tel_block_new(&span) : NULL;
  parts->line = whole ? tel_block_new(&line) : NULL;
  tel_attributes_clear(&span);
  tel_attributes_clear(&line);
  return parts->span && parts->line;
}

void tel_http_parts_free(struct tel_http_parts *parts) {
  if (!parts) return;
  tel_block_free(parts->span);
  tel_block_free(parts->line);
  free(parts);
}

const struct tel_http_parts *tel_http_parts_get(tel_http_parts_place *place, const char *method,
                                                const char *route, unsigned status) {
  struct tel_http_parts *parts = atomic_load_explicit(place, memory_order_acquire), *none = NULL;
  if (parts) return parts;
  parts = malloc(sizeof *parts);
  if (!parts) return NULL;
  if (!fill_parts(parts, method, route, status)) {
    tel_http_parts_free(parts);
    return NULL;
  }
  if (atomic_compare_exchange_strong(place, &none, parts)) return parts;
  tel_http_parts_free(parts); /* another thread was quicker */
  return none;
}

/* Splits "host:port" into its two attributes. An invalid port is omitted. */
static void describe_server(struct tel_attributes *attributes, const char *host, bool https) {
  static const struct tel_key ADDRESS = TEL_KEY("server.address"), PORT = TEL_KEY("server.port");
  if (!host || !*host) return;
  const char *user = strrchr(host, '@'); /* invalid, and perhaps with a password */
  if (user) host = user + 1;
  const char *bracket = *host == '[' ? strchr(host, ']') : NULL, *colon = strrchr(host, ':');
  if (bracket && colon && colon < bracket) colon = NULL;
  const char *end = bracket ? bracket : colon ? colon : host + strlen(host);
  if (bracket) host++;
  if (end == host) return; /* ":80" is a valid Host header, but names no server */
  tel_attributes_put_text(attributes, &ADDRESS, host, (size_t)(end - host));
  unsigned port = https ? 443 : 80;
  if (colon && !address_port_parse(colon + 1, &port)) return;
  if (port > 0) tel_attributes_put_int(attributes, &PORT, port);
}

/* The query parameters whose values OpenTelemetry's conventions ask instrumentations to redact. */
static const char *const secrets[] = {"AWSAccessKeyId",   "Signature",       "sig",
                                      "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Security-Token",
                                      "X-Goog-Signature"};

static bool is_secret(const char *name, size_t len) {
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
    if (strlen(secrets[i]) == len && memcmp(secrets[i], name, len) == 0) return true;
  return false;
}

/* Returns the value of the first secret parameter, or NULL. */
static const char *find_secret(const char *query) {
  for (const char *at = query; *at; at += *at == '&') {
    size_t len = strcspn(at, "=&");
    if (at[len] == '=' && is_secret(at, len)) return at + len + 1;
    at += len + strcspn(at + len, "&");
  }
  return NULL;
}

/* Without memory for the redacted query, the span has none. */
static void describe_query(struct tel_attributes *attributes, const char *query) {
  static const struct tel_key QUERY = TEL_KEY("url.query");
  const char *value = find_secret(query);
  if (!value) {
    tel_attributes_put_string(attributes, &QUERY, query);
    return;
  }
  struct buf shown = BUF_INIT(SIZE_MAX);
  for (; value; value = find_secret(query)) {
    buf_append(&shown, query, (size_t)(value - query));
    buf_puts(&shown, "REDACTED");
    query = value + strcspn(value, "&");
  }
  buf_puts(&shown, query);
  tel_attributes_put_string(attributes, &QUERY, buf_cstr(&shown));
  buf_free(&shown);
}

void tel_http_describe(struct tel_attributes *attributes, const struct tel_http_request *request,
                       const char *method, const struct tel_http_parts *parts) {
  static const struct tel_key ORIGINAL = TEL_KEY("http.request.method_original"), PATH = TEL_KEY("url.path"),
                              SCHEME = TEL_KEY("url.scheme"), CLIENT = TEL_KEY("client.address"),
                              PEER = TEL_KEY("network.peer.address"),
                              PEER_PORT = TEL_KEY("network.peer.port"),
                              PROTOCOL = TEL_KEY("network.protocol.version"),
                              USER_AGENT = TEL_KEY("user_agent.original");
  const char *scheme = request->scheme ? request->scheme : "http";
  if (!attributes) return;
  tel_attributes_add_block(attributes, parts ? parts->span : NULL);
  if (*request->method && strcmp(method, request->method) != 0)
    tel_attributes_put_string(attributes, &ORIGINAL, request->method);
  tel_attributes_put_string(attributes, &PATH, request->path);
  tel_attributes_put_string(attributes, &SCHEME, scheme);
  if (request->query && *request->query) describe_query(attributes, request->query);
  describe_server(attributes, request->host, strcmp(scheme, "https") == 0);
  tel_attributes_put_string(attributes, &CLIENT, request->client);
  tel_attributes_put_string(attributes, &PEER, request->client);
  if (request->client_port) tel_attributes_put_int(attributes, &PEER_PORT, request->client_port);
  tel_attributes_put_string(attributes, &PROTOCOL, request->version);
  tel_attributes_put_string(attributes, &USER_AGENT, request->user_agent);
}

void tel_http_describe_line(struct tel_attributes *fields, const struct tel_http_parts *parts) {
  tel_attributes_add_block(fields, parts ? parts->line : NULL);
}
