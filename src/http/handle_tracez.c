/* SPDX-License-Identifier: MIT */
/* GET /debug/tracez: checks the query, and whether the client may see the traces. tracez_page.c writes the
 * page itself. */
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/text.h"
#include "http/local.h"
#include "http/reply.h"
#include "http/service_private.h"
#include "http/tracez_page.h"
#include "server/request.h"
#include "telemetry/metrics/exposition.h"

enum { LIST_JSON = 1000, LIST_HTML = 200, ACCEPT_LIMIT = 8192 };

static const struct http_reply_header private[] = {
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
     "frame-ancestors 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {NULL, NULL},
};

/* The parameters of the query; NULL: absent. */
struct query {
  const char *trace_id, *route, *class, *outcome, *format;
  const char *unknown, *twice; /* parameter names */
};

static enum MHD_Result read_argument(void *cls, enum MHD_ValueKind kind, const char *name,
                                     const char *value) {
  struct query *query = cls;
  const struct {
    const char *name, **value;
  } known[] = {{"trace_id", &query->trace_id},
               {"route", &query->route},
               {"class", &query->class},
               {"outcome", &query->outcome},
               {"format", &query->format}};
  (void)kind;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(known[i].name, name) != 0) continue;
    if (*known[i].value) query->twice = known[i].name;
    *known[i].value = value ? value : "";
    return MHD_YES;
  }
  query->unknown = name;
  return MHD_YES;
}

/* Replies with a problem and returns false. what: a parameter such as "class". value: from the client. */
static bool refuse(struct http_exchange *exchange, const char *what, const char *value, const char *allowed) {
  char quote[HTTP_QUOTE_SIZE];
  http_reply_problem(exchange, HTTP_INVALID_REQUEST, "Unknown %s '%s'; use %s.", what,
                     http_reply_quote(value, quote), allowed);
  return false;
}

static bool is_trace_id(const char *text, uint8_t id[16]) {
  char lower[33];
  if (strlen(text) != 32) return false;
  for (int i = 0; i < 32; i++)
    lower[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] + 'a' - 'A' : text[i]);
  return hex_read(lower, id, 16);
}

static bool check_route(struct http_exchange *exchange, const char *route) {
  char allowed[160] = "";
  for (size_t i = 0; i < HTTP_ROUTE_COUNT; i++) {
    const struct http_route *row = &http_routes[i];
    if (http_route_is_probe(row)) continue;
    if (strcmp(row->path, route) == 0) return true;
    text_list_add(allowed, sizeof allowed, ", ", row->path);
  }
  return refuse(exchange, "route", route, allowed);
}

static bool check_class(struct http_exchange *exchange, const char *name, int *out) {
  char allowed[160] = "";
  for (unsigned i = 0; i < TEL_RECENT_CLASSES; i++) {
    *out = (int)i;
    if (strcmp(name, tel_recent_class_name(i)) == 0) return true;
    text_list_add(allowed, sizeof allowed, ", ", tel_recent_class_name(i));
  }
  return refuse(exchange, "class", name, allowed);
}

static bool check_filter(struct http_exchange *exchange, const struct query *query,
                         struct tel_recent_filter *filter) {
  *filter = (struct tel_recent_filter){query->route, -1, -1};
  if (query->route && !check_route(exchange, query->route)) return false;
  if (query->class && !check_class(exchange, query->class, &filter->latency_class)) return false;
  if (query->outcome) filter->error = strcmp(query->outcome, "error") == 0;
  if (query->outcome && !filter->error && strcmp(query->outcome, "ok") != 0)
    return refuse(exchange, "outcome", query->outcome, "ok or error");
  return true;
}

static bool read_query(struct http_exchange *exchange, struct query *query) {
  *query = (struct query){0};
  MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, read_argument, query);
  if (query->unknown)
    return refuse(exchange, "parameter", query->unknown, "trace_id, route, class, outcome or format");
  if (query->format && strcmp(query->format, "json") != 0 && strcmp(query->format, "html") != 0)
    return refuse(exchange, "format", query->format, "json or html");
  if (!query->twice) return true;
  http_reply_problem(exchange, HTTP_INVALID_REQUEST, "The parameter %s is repeated; send it once.",
                     query->twice);
  return false;
}

/* Returns true for a client that prefers JSON to HTML. */
static bool wants_json(const struct http_exchange *exchange, const struct query *query) {
  if (query->format) return strcmp(query->format, "json") == 0;
  struct buf accept = BUF_INIT(ACCEPT_LIMIT);
  server_connection_header_join(exchange->connection, "Accept", &accept);
  const char *list = accept.len ? buf_cstr(&accept) : NULL;
  bool wants = list && tel_accept_prefers_json(list);
  buf_free(&accept);
  return wants;
}

/* Finds headers that a proxy adds, because a proxy on this machine may forward requests of remote clients.
 * Names that end in a hyphen are prefixes. */
static enum MHD_Result find_proxy(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
  static const char *const names[] = {"Forwarded", "Via",      "X-Forwarded-",        "X-Original-",
                                      "X-Real-IP", "X-Envoy-", "X-Cluster-Client-IP", "X-Client-IP",
                                      "Fastly-",   "CF-",      "True-Client-IP",      "Forwarded-For"};
  (void)kind, (void)value;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t len = strlen(names[i]), compared = names[i][len - 1] == '-' ? len : len + 1;
    if (strncasecmp(name, names[i], compared) == 0) *(bool *)cls = true;
  }
  return MHD_YES;
}

static bool check_client(struct http_exchange *exchange) {
  const char *why = NULL;
  bool proxied = false;
  if (exchange->connection)
    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, find_proxy, &proxied);
  if (!http_local_address(exchange->client))
    why = "The client's address is not a loopback address.";
  else if (exchange->headers[HTTP_HOST] && !http_local_host(exchange->headers[HTTP_HOST]))
    why = "The Host header does not name a loopback address or localhost.";
  else if (proxied)
    why = "The request came through a proxy.";
  if (why) http_reply_problem(exchange, HTTP_FORBIDDEN, "%s", why);
  return !why;
}

static void reply(struct http_exchange *exchange, bool json, unsigned status) {
  http_reply_text(exchange, status, json ? "application/json" : "text/html; charset=utf-8");
}

static void show_trace(struct http_exchange *exchange, struct tel_recent *recent, const char *text,
                       bool json) {
  struct tel_recent_trace *trace = NULL;
  uint8_t id[16];
  if (!is_trace_id(text, id)) {
    http_reply_problem(exchange, HTTP_INVALID_REQUEST, "trace_id takes 32 hexadecimal digits.");
    return;
  }
  int error = tel_recent_trace_new(recent, id, &trace);
  if (error == TEL_E_VALUE) {
    http_reply_problem(exchange, HTTP_UNKNOWN_TRACE,
                       "It was not sampled, has not ended, or was dropped for newer ones.");
    if (json) return;
    buf_reset(&exchange->reply);
    tracez_page_unknown(text, &exchange->reply);
    reply(exchange, false, exchange->status);
    return;
  }
  if (error) {
    http_reply_no_memory(exchange);
    return;
  }
  if (json)
    tel_recent_trace_json(trace, &exchange->reply);
  else
    tracez_page_trace(recent, trace, &exchange->reply);
  tel_recent_trace_free(trace);
  reply(exchange, json, exchange->route->status);
}

static void show_list(struct http_exchange *exchange, struct tel_recent *recent,
                      const struct tel_recent_filter *filter, bool json) {
  struct tel_recent_list list;
  if (tel_recent_list_new(recent, filter, json ? LIST_JSON : LIST_HTML, &list) != 0) {
    http_reply_no_memory(exchange);
    return;
  }
  if (json)
    tel_recent_list_json(&list, &exchange->reply);
  else
    tracez_page_list(recent, &list, filter, LIST_HTML, &exchange->reply);
  tel_recent_list_free(&list);
  reply(exchange, json, exchange->route->status);
}

void http_handle_tracez(struct http_exchange *exchange) {
  struct tel_recent *recent = http_service_parts(exchange->service)->recent;
  struct tel_recent_filter filter;
  struct query query;
  exchange->more_headers = private;
  if (!recent) {
    http_reply_problem(exchange, HTTP_NOT_FOUND,
                       "Recent traces are off: set traces.recent_bytes "
                       "(MINISHOP_TRACES_RECENT_BYTES=4194304) and restart; traces.enabled must be true.");
    return;
  }
  if (!check_client(exchange) || !read_query(exchange, &query) || !check_filter(exchange, &query, &filter))
    return;
  bool json = wants_json(exchange, &query);
  if (query.trace_id)
    show_trace(exchange, recent, query.trace_id, json);
  else
    show_list(exchange, recent, &filter, json);
}
