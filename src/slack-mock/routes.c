/* SPDX-License-Identifier: MIT */
#include "slack-mock/routes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <tel/scrape.h>

#include "base/buf_json.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/untrusted_json.h"
#include "server/request.h"
#include "slack-mock/page.h"
#include "slack-mock/payload.h"

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"

enum {
  LIST_MAX = 1000, /* messages in one response */
  CONTROL_BODY_MAX = 1024,
};

/* The browser runs and loads only the page's own files, whatever a message contains. */
#define PAGE_POLICY                                                                                          \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "            \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static void reply(struct _u_response *response, unsigned status, const char *type, const void *body,
                  size_t len) {
  u_map_put(response->map_header, "Content-Type", type);
  u_map_put(response->map_header, "X-Content-Type-Options", "nosniff");
  if (!u_map_has_key(response->map_header, "Cache-Control"))
    u_map_put(response->map_header, "Cache-Control", "no-store");
  ulfius_set_binary_body_response(response, status, body, len);
}

static void reply_text(struct _u_response *response, unsigned status, const char *text) {
  reply(response, status, TEXT, text, strlen(text));
}

/* Sends the content of the buffer, and frees the buffer. */
static void reply_buf(struct _u_response *response, const char *type, struct buf *body) {
  if (buf_failed(body))
    reply_text(response, 503, "out of memory: try again\n");
  else
    reply(response, 200, type, body->data, body->len);
  buf_free(body);
}

static void reply_result(struct _u_response *response, enum mock_result result) {
  const struct mock_result_row *row = mock_result_row(result);
  if (result == MOCK_RATE_LIMITED) {
    static const char body[] = "{\"retry_after\":1,\"ok\":false,\"error\":\"rate_limited\"}";
    u_map_put(response->map_header, "Retry-After", "1");
    reply(response, 429, JSON, body, sizeof body - 1);
  } else {
    reply(response, (unsigned)row->status, TEXT, row->word, strlen(row->word));
  }
}

/* Returns MOCK_OK if the path is that of a known webhook, else Slack's result. */
static enum mock_result admit(const char *path, const struct mock_channel *channel, const char **why) {
  if (!mock_payload_path(path)) {
    *why = "the path must be /services/T.../B.../...";
    return MOCK_NO_SERVICE;
  }
  enum mock_result result = channel->hook ? mock_payload_hook(path, channel->hook) : MOCK_OK;
  if (result != MOCK_OK) *why = "this is not the webhook of --hook";
  return result;
}

/* Reads, checks and stores one message. Sets *why to a constant if the result needs an explanation. */
static enum mock_result receive(const struct _u_request *request, struct mock_channel *channel, uint64_t *id,
                                const char **why) {
  json_t *payload = NULL;
  enum mock_result result = mock_mode_apply(channel->mode, clock_mono_ns());
  if (result != MOCK_OK) {
    *why = "POST /control has set this mode";
    return result;
  }
  if (server_connection_content_coding(server_request_connection(request))) {
    *why = "the body has a Content-Encoding: send it without one";
    return MOCK_INVALID_PAYLOAD;
  }
  result = mock_payload_read(server_request_header(request, "Content-Type"), request->binary_body,
                             request->binary_body_length, &payload, why);
  if (result != MOCK_OK) return result;
  *id = mock_store_add(channel->store, mock_payload_channel(payload), payload, clock_unix_ns());
  json_decref(payload);
  return *id != 0 ? MOCK_OK : MOCK_ROLLUP_ERROR;
}

/* Responds to a message. result and why come from earlier checks. */
static void deliver(const struct _u_request *request, struct _u_response *response,
                    struct mock_channel *channel, enum mock_result result, const char *why) {
  uint64_t id = 0;
  if (result == MOCK_OK) result = receive(request, channel, &id, &why);
  tel_counter_add(channel->metrics.results[result], 1);
  const char *word = mock_result_row(result)->word;
  if (result == MOCK_OK) {
    printf("slack-mock: ok: message %llu\n", (unsigned long long)id);
  } else {
    printf("slack-mock: %s%s%s\n", word, why ? ": " : "", why ? why : "");
    /* Slack's body is one word. A person who tests the webhook needs the reason too. */
    if (why) u_map_put(response->map_header, "X-Slack-Mock-Reason", why);
  }
  fflush(stdout);
  reply_result(response, result);
}

static void post_message(const struct _u_request *request, struct _u_response *response,
                         struct mock_channel *channel) {
  const char *why = NULL;
  enum mock_result result = admit(request->url_path, channel, &why);
  deliver(request, response, channel, result, why);
}

/* A form on another site's page cannot send this type, so it cannot change anything here. */
static bool is_json(const struct _u_request *request, struct _u_response *response) {
  if (text_is_media_type(server_request_header(request, "Content-Type"), JSON)) return true;
  reply_text(response, 415,
             "the Content-Type is not supported: send JSON with Content-Type: application/json\n");
  return false;
}

/* The page's example alert. The page must not know the webhook's address, because it is a secret. */
static void post_example(const struct _u_request *request, struct _u_response *response,
                         struct mock_channel *channel) {
  if (is_json(request, response)) deliver(request, response, channel, MOCK_OK, NULL);
}

/* Writes the members of the current mode. */
static void put_mode(struct mock_channel *channel, struct buf *out) {
  int delay_s;
  const struct mock_mode_row *row = mock_mode_get(channel->mode, &delay_s);
  buf_json_member_text(out, "mode", row->name);
  buf_json_member_u64(out, "delay_s", (uint64_t)delay_s);
  buf_json_member_text(out, "meaning", row->meaning);
}

static void put_results(struct mock_channel *channel, struct buf *out) {
  for (int i = 0; i < MOCK_RESULT_COUNT; i++)
    buf_json_member_u64(out, mock_result_row(i)->word, tel_counter_value(channel->metrics.results[i]));
}

/* Returns false unless the text is a decimal number that fits. */
static bool parse_u64(const char *text, uint64_t *out) {
  uint64_t value = 0;
  if (!*text) return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10) return false;
    value = value * 10 + (uint64_t)(*text - '0');
  }
  *out = value;
  return true;
}

static void get_messages(const struct _u_request *request, struct _u_response *response,
                         struct mock_channel *channel) {
  struct buf out = BUF_INIT(SIZE_MAX);
  struct mock_store_stats stats;
  uint64_t after = 0, epoch;
  const char *text = u_map_get(request->map_url, "after");
  if (text && !parse_u64(text, &after)) {
    reply_text(response, 400, "after= must be the number of a message, as in /messages?after=12\n");
    return;
  }
  buf_puts(&out, "{\"messages\":[");
  mock_store_list(channel->store, after, LIST_MAX, &out, &stats, &epoch);
  buf_putc(&out, ']');
  buf_json_member_hex(&out, "epoch", (const uint8_t *)&epoch, sizeof epoch);
  buf_json_member_u64(&out, "last_id", stats.last_id);
  buf_json_member_u64(&out, "stored", stats.messages);
  buf_json_member_u64(&out, "dropped", stats.dropped);
  buf_json_key(&out, "control");
  buf_putc(&out, '{');
  put_mode(channel, &out);
  buf_putc(&out, '}');
  buf_json_key(&out, "results");
  buf_putc(&out, '{');
  put_results(channel, &out);
  buf_puts(&out, "}}\n");
  reply_buf(response, JSON, &out);
}

static void delete_messages(const struct _u_request *request, struct _u_response *response,
                            struct mock_channel *channel) {
  (void)request;
  if (mock_store_clear(channel->store) != 0) {
    reply_text(
        response, 500,
        "the messages are deleted, but the file of --store cannot be emptied: check its permissions and the "
        "free space\n");
    return;
  }
  reply_text(response, 200, "deleted\n");
}

static void get_control(const struct _u_request *request, struct _u_response *response,
                        struct mock_channel *channel) {
  (void)request;
  struct buf out = BUF_INIT(SIZE_MAX);
  buf_putc(&out, '{');
  put_mode(channel, &out);
  buf_json_key(&out, "any_hook");
  buf_puts(&out, channel->hook ? "false" : "true");
  buf_json_key(&out, "modes");
  buf_putc(&out, '[');
  const struct mock_mode_row *row;
  for (size_t i = 0; (row = mock_mode_row(i)); i++) {
    buf_json_item(&out);
    buf_putc(&out, '{');
    buf_json_member_text(&out, "mode", row->name);
    buf_json_member_text(&out, "meaning", row->meaning);
    buf_putc(&out, '}');
  }
  buf_puts(&out, "]}\n");
  reply_buf(response, JSON, &out);
}

#define SEND_MODE "send JSON such as {\"mode\":\"slow\",\"delay_s\":10}"

/* Sets the mode from {"mode": NAME, "delay_s": 1..60}; other members are errors. Returns 0, or -1 with the
 * reason. */
static int set_control(const char *body, size_t len, struct mock_mode *mode, struct error *error) {
  json_t *control = NULL;
  json_int_t delay_s = MOCK_MODE_DELAY_DEFAULT_S;
  const char *name = NULL;
  int result = -1;
  if (len > CONTROL_BODY_MAX)
    error_set(error, "the body has more than %d bytes: " SEND_MODE, CONTROL_BODY_MAX);
  else if (!(control = untrusted_json_object(body, len, 1, error)))
    error_set(error, "the body %s: " SEND_MODE, *error->text ? error->text : "does not fit into memory");
  else if (json_unpack(control, "{s:s, s?:I !}", "mode", &name, "delay_s", &delay_s) != 0)
    error_set(
        error,
        "the body must have a text \"mode\", may have an integer \"delay_s\", and nothing else: " SEND_MODE);
  else if (mock_mode_set(mode, name, delay_s) != 0)
    error_set(error, "unknown mode, or delay_s not within 1 to %d: GET /control lists the modes",
              MOCK_MODE_DELAY_MAX_S);
  else
    result = 0;
  json_decref(control);
  return result;
}

static void post_control(const struct _u_request *request, struct _u_response *response,
                         struct mock_channel *channel) {
  if (!is_json(request, response)) return;
  if (server_connection_content_coding(server_request_connection(request))) {
    u_map_put(response->map_header, "Accept-Encoding", "identity");
    reply_text(response, 415, "the Content-Encoding is not supported: send the body without one\n");
    return;
  }
  struct error error;
  if (set_control(request->binary_body, request->binary_body_length, channel->mode, &error) != 0) {
    char text[sizeof error.text + 1];
    snprintf(text, sizeof text, "%s\n", error.text);
    reply_text(response, 400, text);
    return;
  }
  printf("slack-mock: mode is now %s\n", mock_mode_get(channel->mode, NULL)->name);
  fflush(stdout);
  struct buf out = BUF_INIT(SIZE_MAX);
  buf_putc(&out, '{');
  put_mode(channel, &out);
  buf_puts(&out, "}\n");
  reply_buf(response, JSON, &out);
}

static void get_metrics(const struct _u_request *request, struct _u_response *response,
                        struct mock_channel *channel) {
  struct tel_scrape scrape;
  struct buf accept = BUF_INIT(SIZE_MAX / 2), encoding = BUF_INIT(SIZE_MAX / 2);
  struct MHD_Connection *connection = server_request_connection(request);
  server_connection_header_join(connection, "Accept", &accept);
  server_connection_header_join(connection, "Accept-Encoding", &encoding);
  u_map_put(response->map_header, "Vary", "Accept, Accept-Encoding");
  if (tel_scrape(channel->metrics.registry, buf_cstr(&accept), buf_cstr(&encoding), &scrape) == 0) {
    if (scrape.content_encoding) u_map_put(response->map_header, "Content-Encoding", scrape.content_encoding);
    reply(response, 200, scrape.content_type, scrape.body, scrape.size);
    tel_scrape_free(&scrape);
  } else {
    reply_text(response, 503, "out of memory: try again\n");
  }
  buf_free(&accept);
  buf_free(&encoding);
}

static void get_health(const struct _u_request *request, struct _u_response *response,
                       struct mock_channel *channel) {
  (void)request;
  (void)channel;
  reply_text(response, 200, "ok\n");
}

static void get_page(const struct _u_request *request, struct _u_response *response,
                     struct mock_channel *channel) {
  (void)channel;
  size_t i = 0;
  while (i < mock_page_file_count && strcmp(mock_page_files[i].path, request->url_path) != 0) i++;
  assert(i < mock_page_file_count); /* find_handler() found the file */
  u_map_put(response->map_header, "Content-Security-Policy", PAGE_POLICY);
  u_map_put(response->map_header, "Referrer-Policy", "no-referrer");
  u_map_put(response->map_header, "Cache-Control", "no-cache");
  reply(response, 200, mock_page_files[i].type, mock_page_files[i].data, mock_page_files[i].len);
}

typedef void (*handler)(const struct _u_request *, struct _u_response *, struct mock_channel *);

static const struct route {
  const char *method;
  const char *path; /* exact, or a prefix that ends in a slash */
  handler handle;
} routes[] = {
    {"POST", "/services/", post_message}, {"GET", "/messages", get_messages},
    {"POST", "/messages", post_example},  {"DELETE", "/messages", delete_messages},
    {"GET", "/control", get_control},     {"POST", "/control", post_control},
    {"GET", "/metrics", get_metrics},     {"GET", "/healthz", get_health},
};

static bool route_matches(const struct route *route, const char *path) {
  size_t len = strlen(route->path);
  return route->path[len - 1] == '/' ? strncmp(path, route->path, len) == 0 : strcmp(path, route->path) == 0;
}

/* Returns the handler of the request. NULL: allow lists the methods of the path, or is empty for an unknown
 * path. */
static handler find_handler(const struct _u_request *request, struct buf *allow) {
  /* libmicrohttpd omits the body of the response to HEAD. */
  const char *method = strcmp(request->http_verb, "HEAD") == 0 ? "GET" : request->http_verb;
  for (size_t i = 0; i < mock_page_file_count; i++) {
    if (strcmp(request->url_path, mock_page_files[i].path) != 0) continue;
    if (strcmp(method, "GET") == 0) return get_page;
    buf_puts(allow, "GET, HEAD");
  }
  for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
    if (!route_matches(&routes[i], request->url_path)) continue;
    if (strcmp(routes[i].method, method) == 0) return routes[i].handle;
    if (allow->len > 0) buf_puts(allow, ", ");
    buf_puts(allow, strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method);
  }
  return NULL;
}

/* Whether a page of another site sent this request. Browsers send Sec-Fetch-Site to https and to this
 * machine, and Origin with each request that can change something. Other programs send neither. */
static bool is_foreign(const struct _u_request *request) {
  const char *site = server_request_header(request, "Sec-Fetch-Site");
  if (site) return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
  const char *origin = server_request_header(request, "Origin");
  const char *host = server_request_header(request, "Host");
  const char *authority = origin ? strstr(origin, "://") : NULL;
  return origin && (!authority || !host || strcasecmp(authority + 3, host) != 0);
}

static bool only_reads(const struct _u_request *request) {
  return strcmp(request->http_verb, "GET") == 0 || strcmp(request->http_verb, "HEAD") == 0;
}

int mock_routes_handle(const struct _u_request *request, struct _u_response *response, void *cls) {
  struct mock_channel *channel = cls;
  struct buf allow = BUF_INIT(256);
  if (strcmp(request->url_path, "*") == 0) { /* the server accepts this target for OPTIONS only */
    u_map_put(response->map_header, "Allow", "DELETE, GET, HEAD, OPTIONS, POST");
    ulfius_set_empty_body_response(response, 204);
    return U_CALLBACK_COMPLETE;
  }
  handler handle = find_handler(request, &allow);
  if (handle && !only_reads(request) && is_foreign(request)) {
    mock_metrics_refused(&channel->metrics, 403);
    reply_text(
        response, 403,
        "refused: a web page of another site sent this request; use slack-mock's own page, or a program "
        "such as curl\n");
  } else if (handle) {
    handle(request, response, channel);
  } else if (allow.len > 0) {
    u_map_put(response->map_header, "Allow", buf_cstr(&allow));
    reply_text(response, 405, "this path does not support the method: the Allow header lists its methods\n");
  } else {
    reply_text(response, 404, "not found: the page is at /, the webhook at /services/T000/B000/anything\n");
  }
  buf_free(&allow);
  if (server_draining(channel->server)) u_map_put(response->map_header, "Connection", "close");
  return U_CALLBACK_COMPLETE;
}

void mock_routes_refused(void *cls, const struct server_refusal *refusal,
                         struct server_refusal_reply *reply) {
  struct mock_channel *channel = cls;
  const struct mock_result_row *row = mock_result_row(MOCK_PAYLOAD_TOO_LARGE);
  mock_metrics_refused(&channel->metrics, refusal->status);
  bool to_webhook = refusal->target && route_matches(&routes[0], refusal->target);
  if (refusal->status != (unsigned)row->status || !to_webhook) return;
  tel_counter_add(channel->metrics.results[MOCK_PAYLOAD_TOO_LARGE], 1);
  if (reply) buf_puts(&reply->body, row->word);
}
