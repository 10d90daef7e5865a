#include "slack-mock/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <tel/scrape.h>

#include "base/clock.h"
#include "base/nesting.h"
#include "server/server.h"
#include "slack-mock/page.h"
#include "slack-mock/payload.h"

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"
#define LIST_MAX 1000 /* messages in one answer */
#define CONTROL_BODY_MAX 1024

/* Nothing but the page's own files may run or load, whatever a message says. */
#define PAGE_POLICY                                                                                          \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "            \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static void reply(struct _u_response *response, unsigned status, const char *type, const void *body,
                  size_t len) {
  u_map_put(response->map_header, "Content-Type", type);
  u_map_put(response->map_header, "X-Content-Type-Options", "nosniff");
  if (!u_map_has_key(response->map_header, "Cache-Control")) {
    u_map_put(response->map_header, "Cache-Control", "no-store");
  }
  ulfius_set_binary_body_response(response, status, body, len);
}

static void reply_text(struct _u_response *response, unsigned status, const char *text) {
  reply(response, status, TEXT, text, strlen(text));
}

/* Sends what is in the buffer, and frees it. */
static void reply_buf(struct _u_response *response, const char *type, struct buf *body) {
  if (buf_failed(body))
    reply_text(response, 503, "out of memory: try again\n");
  else
    reply(response, 200, type, body->data, body->len);
  buf_free(body);
}

static void reply_answer(struct _u_response *response, enum mock_answer answer) {
  const struct mock_answer_row *row = mock_answer_row(answer);
  if (answer == MOCK_RATE_LIMITED) {
    static const char body[] = "{\"retry_after\":1,\"ok\":false,\"error\":\"rate_limited\"}";
    u_map_put(response->map_header, "Retry-After", "1");
    reply(response, 429, JSON, body, sizeof body - 1);
  } else {
    reply(response, (unsigned)row->status, TEXT, row->word, strlen(row->word));
  }
}

/* Whether the path is a webhook that is known. */
static enum mock_answer admit(const char *path, const struct mock_channel *channel, const char **why) {
  if (!mock_payload_path(path)) {
    *why = "the path must be /services/T.../B.../...";
    return MOCK_NO_SERVICE;
  }
  enum mock_answer answer = channel->hook != NULL ? mock_payload_hook(path, channel->hook) : MOCK_OK;
  if (answer != MOCK_OK) *why = "it must be the webhook that --hook names";
  return answer;
}

/* Reads, checks and keeps one message. *why is a constant, or NULL when the answer says all. */
static enum mock_answer receive(const struct _u_request *request, struct mock_channel *channel, uint64_t *id,
                                const char **why) {
  json_t *payload = NULL;
  enum mock_answer answer = mock_mode_apply(channel->mode, clock_mono_ns());
  if (answer != MOCK_OK) {
    *why = "the mode of POST /control demands it";
    return answer;
  }
  if (http_connection_content_coding(http_request_connection(request)) != NULL) {
    *why = "the body has a Content-Encoding: send it without one";
    return MOCK_INVALID_PAYLOAD;
  }
  answer = mock_payload_read(http_request_header(request, "Content-Type"), request->binary_body,
                             request->binary_body_length, &payload, why);
  if (answer != MOCK_OK) return answer;
  *id = mock_store_add(channel->store, mock_payload_channel(payload), payload, clock_unix_ns());
  json_decref(payload);
  return *id != 0 ? MOCK_OK : MOCK_ROLLUP_ERROR;
}

/* Answers a message; answer is what has been found so far. */
static void deliver(const struct _u_request *request, struct _u_response *response,
                    struct mock_channel *channel, enum mock_answer answer, const char *why) {
  uint64_t id = 0;
  if (answer == MOCK_OK) answer = receive(request, channel, &id, &why);
  tel_counter_add(channel->metrics.answers[answer], 1);
  const char *word = mock_answer_row(answer)->word;
  if (answer == MOCK_OK) {
    printf("slack-mock: ok: message %llu\n", (unsigned long long)id);
  } else {
    printf("slack-mock: %s%s%s\n", word, why != NULL ? ": " : "", why != NULL ? why : "");
    /* Slack's body is one word. This header tells a person who tests the webhook more. */
    if (why != NULL) u_map_put(response->map_header, "X-Slack-Mock-Reason", why);
  }
  fflush(stdout);
  reply_answer(response, answer);
}

static void post_message(const struct _u_request *request, struct _u_response *response,
                         struct mock_channel *channel) {
  const char *why = NULL;
  enum mock_answer answer = admit(request->url_path, channel, &why);
  deliver(request, response, channel, answer, why);
}

/* A form of a foreign page can't send this type, so only what runs here on purpose can change anything. */
static bool is_json(const struct _u_request *request, struct _u_response *response) {
  const char *type = http_request_header(request, "Content-Type");
  if (type != NULL && strncasecmp(type, JSON, sizeof JSON - 1) == 0 &&
      strchr("; \t", type[sizeof JSON - 1]) != NULL)
    return true;
  reply_text(response, 415,
             "the Content-Type is not supported: send JSON with Content-Type: application/json\n");
  return false;
}

/* The page's example. The page does not know the webhook's address, which is a secret. */
static void post_example(const struct _u_request *request, struct _u_response *response,
                         struct mock_channel *channel) {
  if (is_json(request, response)) deliver(request, response, channel, MOCK_OK, NULL);
}

/* {"name":..., "delay_s":..., "meaning":...} */
static void put_mode(struct mock_channel *channel, struct buf *out) {
  int delay_s;
  const struct mock_mode_row *row = mock_mode_get(channel->mode, &delay_s);
  buf_puts(out, "{\"mode\":\"");
  buf_puts(out, row->name);
  buf_puts(out, "\",\"delay_s\":");
  buf_put_i64(out, delay_s);
  buf_puts(out, ",\"meaning\":\"");
  buf_puts(out, row->meaning);
  buf_puts(out, "\"}");
}

static void put_results(struct mock_channel *channel, struct buf *out) {
  buf_putc(out, '{');
  for (int i = 0; i < MOCK_ANSWER_COUNT; i++) {
    buf_puts(out, i > 0 ? ",\"" : "\"");
    buf_puts(out, mock_answer_row(i)->word);
    buf_puts(out, "\":");
    buf_put_u64(out, tel_counter_value(channel->metrics.answers[i]));
  }
  buf_putc(out, '}');
}

/* False unless the text is a decimal number that fits. */
static int parse_u64(const char *text, uint64_t *out) {
  uint64_t value = 0;
  if (*text == '\0') return 0;
  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10) return 0;
    value = value * 10 + (uint64_t)(*text - '0');
  }
  *out = value;
  return 1;
}

static void get_messages(const struct _u_request *request, struct _u_response *response,
                         struct mock_channel *channel) {
  struct buf out = BUF_INIT(SIZE_MAX);
  struct mock_store_stats stats;
  uint64_t after = 0, epoch;
  const char *text = u_map_get(request->map_url, "after");
  if (text != NULL && !parse_u64(text, &after)) {
    reply_text(response, 400, "after= must be the number of a message, as in /messages?after=12\n");
    return;
  }
  buf_puts(&out, "{\"messages\":[");
  mock_store_list(channel->store, after, LIST_MAX, &out, &stats, &epoch);
  buf_puts(&out, "],\"epoch\":\"");
  buf_put_hex(&out, (const uint8_t *)&epoch, sizeof epoch);
  buf_puts(&out, "\",\"last_id\":");
  buf_put_u64(&out, stats.last_id);
  buf_puts(&out, ",\"stored\":");
  buf_put_u64(&out, stats.messages);
  buf_puts(&out, ",\"dropped\":");
  buf_put_u64(&out, stats.dropped);
  buf_puts(&out, ",\"control\":");
  put_mode(channel, &out);
  buf_puts(&out, ",\"results\":");
  put_results(channel, &out);
  buf_puts(&out, "}\n");
  reply_buf(response, JSON, &out);
}

static void delete_messages(const struct _u_request *request, struct _u_response *response,
                            struct mock_channel *channel) {
  (void)request;
  if (mock_store_clear(channel->store) != 0) {
    reply_text(
        response, 500,
        "forgotten, but the file of --store cannot be emptied: check its permissions and the free space\n");
    return;
  }
  reply_text(response, 200, "forgotten\n");
}

static void get_control(const struct _u_request *request, struct _u_response *response,
                        struct mock_channel *channel) {
  (void)request;
  struct buf out = BUF_INIT(SIZE_MAX), now = BUF_INIT(SIZE_MAX);
  put_mode(channel, &now);
  buf_append(&out, now.data, now.len > 0 ? now.len - 1 : 0);
  buf_puts(&out, channel->hook == NULL ? ",\"any_hook\":true" : ",\"any_hook\":false");
  buf_puts(&out, ",\"modes\":[");
  const struct mock_mode_row *row;
  for (size_t i = 0; (row = mock_mode_row(i)) != NULL; i++) {
    buf_puts(&out, i > 0 ? ",{\"mode\":\"" : "{\"mode\":\"");
    buf_puts(&out, row->name);
    buf_puts(&out, "\",\"meaning\":\"");
    buf_puts(&out, row->meaning);
    buf_puts(&out, "\"}");
  }
  buf_puts(&out, "]}\n");
  if (buf_failed(&now)) out.failed = true;
  buf_free(&now);
  reply_buf(response, JSON, &out);
}

/* Sets the mode from {"mode": NAME, "delay_s": 1..60}; other members are a mistake. NULL, or what is wrong.
 */
static const char *set_control(const char *body, size_t len, struct mock_mode *mode) {
  bool fits = len <= CONTROL_BODY_MAX && nesting_within(body, len, 1);
  json_t *control = fits ? json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
  json_int_t delay_s = MOCK_MODE_DELAY_DEFAULT_S;
  const char *name = NULL, *why = NULL;
  if (json_unpack(control, "{s:s, s?:I !}", "mode", &name, "delay_s", &delay_s) != 0) {
    why = "send JSON such as {\"mode\":\"slow\",\"delay_s\":10}\n";
  } else if (mock_mode_set(mode, name, delay_s) != 0) {
    why = "unknown mode, or delay_s not within 1 to 60: GET /control lists the modes\n";
  }
  json_decref(control);
  return why;
}

static void post_control(const struct _u_request *request, struct _u_response *response,
                         struct mock_channel *channel) {
  if (!is_json(request, response)) return;
  if (http_connection_content_coding(http_request_connection(request)) != NULL) {
    u_map_put(response->map_header, "Accept-Encoding", "identity");
    reply_text(response, 415, "the Content-Encoding is not supported: send the body without one\n");
    return;
  }
  const char *why = set_control(request->binary_body, request->binary_body_length, channel->mode);
  if (why != NULL) {
    reply_text(response, 400, why);
    return;
  }
  int delay_s;
  printf("slack-mock: mode is now %s\n", mock_mode_get(channel->mode, &delay_s)->name);
  fflush(stdout);
  struct buf out = BUF_INIT(SIZE_MAX);
  put_mode(channel, &out);
  buf_putc(&out, '\n');
  reply_buf(response, JSON, &out);
}

static void get_metrics(const struct _u_request *request, struct _u_response *response,
                        struct mock_channel *channel) {
  struct tel_scrape scrape;
  struct buf accept = BUF_INIT(SIZE_MAX / 2), encoding = BUF_INIT(SIZE_MAX / 2);
  struct MHD_Connection *connection = http_request_connection(request);
  http_connection_header_join(connection, "Accept", &accept);
  http_connection_header_join(connection, "Accept-Encoding", &encoding);
  u_map_put(response->map_header, "Vary", "Accept, Accept-Encoding");
  if (tel_scrape(channel->metrics.registry, accept.len ? buf_cstr(&accept) : NULL,
                 encoding.len ? buf_cstr(&encoding) : NULL, &scrape) == 0) {
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
  while (strcmp(mock_page_files[i].path, request->url_path) != 0) i++;
  u_map_put(response->map_header, "Content-Security-Policy", PAGE_POLICY);
  u_map_put(response->map_header, "Referrer-Policy", "no-referrer");
  u_map_put(response->map_header, "Cache-Control", "no-cache");
  reply(response, 200, mock_page_files[i].type, mock_page_files[i].data, mock_page_files[i].len);
}

typedef void (*handler)(const struct _u_request *, struct _u_response *, struct mock_channel *);

static const struct route {
  const char *method;
  const char *path; /* exact, or a prefix when it ends in a slash and is not the root */
  handler handle;
} routes[] = {
    {"POST", "/services/", post_message}, {"GET", "/messages", get_messages},
    {"POST", "/messages", post_example},  {"DELETE", "/messages", delete_messages},
    {"GET", "/control", get_control},     {"POST", "/control", post_control},
    {"GET", "/metrics", get_metrics},     {"GET", "/healthz", get_health},
};

static int route_matches(const struct route *route, const char *path) {
  size_t len = strlen(route->path);
  return route->path[len - 1] == '/' ? strncmp(path, route->path, len) == 0 : strcmp(path, route->path) == 0;
}

/* The handler for the request, or NULL with the methods the path has in allow (none: no such path). */
static handler find_handler(const struct _u_request *request, struct buf *allow) {
  /* libmicrohttpd leaves the body of an answer to HEAD away. */
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
    buf_puts(allow, routes[i].method);
  }
  return NULL;
}

int mock_routes_handle(const struct _u_request *request, struct _u_response *response, void *cls) {
  struct mock_channel *channel = cls;
  struct buf allow = BUF_INIT(256);
  if (strcmp(request->url_path, "*") == 0) { /* the server lets only OPTIONS pass */
    u_map_put(response->map_header, "Allow", "DELETE, GET, HEAD, OPTIONS, POST");
    ulfius_set_empty_body_response(response, 204);
    return U_CALLBACK_COMPLETE;
  }
  handler handle = find_handler(request, &allow);
  if (handle != NULL) {
    handle(request, response, channel);
  } else if (allow.len > 0) {
    u_map_put(response->map_header, "Allow", buf_cstr(&allow));
    reply_text(response, 405, "this path takes another method: use one that the Allow header names\n");
  } else {
    reply_text(response, 404, "not found: the page is at /, the webhook at /services/T000/B000/anything\n");
  }
  buf_free(&allow);
  if (http_server_draining(channel->server)) u_map_put(response->map_header, "Connection", "close");
  return U_CALLBACK_COMPLETE;
}

void mock_routes_refused(void *cls, const struct http_refusal *refusal, struct http_refusal_reply *reply) {
  struct mock_channel *channel = cls;
  const struct mock_answer_row *row = mock_answer_row(MOCK_PAYLOAD_TOO_LARGE);
  mock_metrics_refused(&channel->metrics, refusal->status);
  bool to_webhook = refusal->target != NULL && route_matches(&routes[0], refusal->target);
  if (refusal->status != (unsigned)row->status || !to_webhook) return;
  tel_counter_add(channel->metrics.answers[MOCK_PAYLOAD_TOO_LARGE], 1);
  if (reply != NULL) buf_puts(&reply->body, row->word);
}
