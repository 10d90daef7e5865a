/* SPDX-License-Identifier: MIT */
#include "http/observe.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/rate.h"
#include "base/text.h"
#include "http/metrics.h"
#include "server/request.h"
#include "telemetry/http/describe.h"
#include "telemetry/logs/log_clock.h"
#include "telemetry/traces/span_clock.h"

enum { REFUSALS_A_SECOND = 10 };

struct http_observe {
  struct rate refusals; /* lines about requests without a request line */
  struct tel_tracer *tracer;
  struct tel_logger *logger;
  struct http_metrics *metrics;
};

struct http_observe *http_observe_new(struct tel_registry *registry, struct tel_tracer *tracer,
                                      struct tel_logger *logger, const double *buckets, size_t bucket_count) {
  struct http_observe *observe = calloc(1, sizeof *observe);
  if (!observe) return NULL;
  observe->tracer = tracer;
  observe->logger = logger;
  observe->metrics = http_metrics_new(registry, buckets, bucket_count);
  if (observe->metrics) return observe;
  free(observe);
  return NULL;
}

void http_observe_free(struct http_observe *observe) {
  if (!observe) return;
  http_metrics_free(observe->metrics);
  free(observe);
}

/* Accepts a caller's id if it is short and plain, so that the caller's logs and ours have the same id. */
static bool request_id_ok(const char *id) {
  size_t len = strlen(id);
  if (len == 0 || len >= HTTP_REQUEST_ID_SIZE) return false;
  for (; *id; id++)
    if (!text_is_alnum(*id) && !strchr("-_.:/+=@~", *id)) return false;
  return true;
}

static void settle_request_id(struct http_exchange *exchange) {
  const char *id = exchange->headers[HTTP_REQUEST_ID];
  if (id && request_id_ok(id)) {
    strcpy(exchange->request_id, id);
    return;
  }
  struct tel_context fresh;
  random_bytes(fresh.trace_id, sizeof fresh.trace_id);
  tel_trace_id_hex(&fresh, exchange->request_id); /* a random id in the form of a trace id */
}

/* Reads the combined tracestate; "" if it is absent or invalid. */
static void read_tracestate(const struct http_exchange *exchange, char state[TEL_TRACESTATE_SIZE]) {
  struct buf joined = BUF_INIT(TEL_TRACESTATE_SIZE);
  state[0] = '\0';
  server_connection_header_join(exchange->connection, "tracestate", &joined);
  if (!buf_failed(&joined) && joined.len && !tel_tracestate_append(state, joined.data, joined.len))
    state[0] = '\0';
  buf_free(&joined);
}

static void begin_trace(struct http_observe *observe, struct http_exchange *exchange) {
  struct tel_context parent;
  char state[TEL_TRACESTATE_SIZE]; /* an initialiser would clear 4 KiB on every request */
  state[0] = '\0';
  const char *header = exchange->headers[HTTP_TRACEPARENT];
  bool continued = header && tel_traceparent_parse(header, strlen(header), &parent);
  if (exchange->route && exchange->route->span) {
    if (continued) read_tracestate(exchange, state);
    /* If the route does not accept the method, the span gets the name that the conventions give to unknown
     * methods. */
    const char *name = exchange->route->span;
    if (!http_route_takes(exchange->route, exchange->method)) name = "HTTP";
    exchange->span = tel_span_start_at(observe->tracer, name, TEL_SPAN_SERVER, continued ? &parent : NULL,
                                       state, &exchange->start);
  }
  if (exchange->span)
    exchange->context = *tel_span_context(exchange->span);
  else
    tel_tracer_identify(observe->tracer, continued ? &parent : NULL, &exchange->context);
}

void http_observe_begin(struct http_observe *observe, struct http_exchange *exchange) {
  exchange->start = clock_anchor_now();
  exchange->method_index = tel_http_method_index(exchange->method);
  exchange->route = http_route_find(exchange->path, exchange->method);
  http_exchange_read_headers(exchange);
  settle_request_id(exchange);
  begin_trace(observe, exchange);
}

static void describe_span(const struct http_exchange *exchange, const char *method,
                          const struct tel_http_parts *parts) {
  static const struct tel_key ERROR_TYPE = TEL_KEY("error.type");
  const char *version = exchange->version;
  const struct tel_http_request request = {
      .method = exchange->method,
      .path = exchange->path,
      .query = exchange->query,
      .version = version && strncmp(version, "HTTP/", 5) == 0 ? version + 5 : NULL,
      .host = exchange->headers[HTTP_HOST],
      .client = exchange->client,
      .client_port = exchange->client_port,
      .user_agent = exchange->headers[HTTP_USER_AGENT]};
  struct tel_attributes *attributes = tel_span_attributes(exchange->span);
  if (!attributes) return;
  tel_http_describe(attributes, &request, method, parts);
  if (exchange->status >= 500) {
    tel_attributes_put_string(attributes, &ERROR_TYPE, http_problem_row(exchange->problem)->code);
    tel_span_set_status(exchange->span, TEL_STATUS_ERROR, http_problem_row(exchange->problem)->title);
  }
}

static const char *log_message(const struct http_exchange *exchange) {
  const struct http_route *route = exchange->route;
  if (http_route_is_probe(route)) return "probe answered";
  if (!route && exchange->problem == HTTP_NO_PROBLEM) return "options answered";
  if (!route || !http_route_takes(route, exchange->method)) return "request rejected";
  if (exchange->problem == HTTP_NO_PROBLEM) return route->done;
  return http_problem_row(exchange->problem)->error ? route->failed : route->rejected;
}

/* The keys of a log line. */
static const struct tel_key REQUEST_ID = TEL_KEY("request_id"), PATH = TEL_KEY("path"),
                            DURATION = TEL_KEY("duration_ms"), REQUEST_BYTES = TEL_KEY("request_bytes"),
                            RESPONSE_BYTES = TEL_KEY("response_bytes"), CLIENT = TEL_KEY("client"),
                            USER_AGENT = TEL_KEY("user_agent"), REASON = TEL_KEY("reason"),
                            DETAIL = TEL_KEY("detail");

static void write_notes(struct tel_attributes *fields, const struct http_exchange *exchange) {
  for (const struct http_note *at = exchange->notes; at < exchange->notes + exchange->note_count; at++)
    if (at->type == TEL_STRING)
      tel_attributes_put_string(fields, at->key, at->value.text);
    else if (at->type == TEL_INT)
      tel_attributes_put_int(fields, at->key, at->value.integer);
    else
      tel_attributes_put_double(fields, at->key, at->value.real);
}

static void write_log(struct http_observe *observe, const struct http_exchange *exchange, const char *method,
                      const struct tel_http_parts *parts, uint64_t duration_ns) {
  const struct http_problem_row *problem = exchange->problem ? http_problem_row(exchange->problem) : NULL;
  enum tel_level level = http_route_is_probe(exchange->route) ? TEL_DEBUG
                         : problem                            ? problem->level
                                                              : TEL_INFO;
  struct tel_log_record *record = tel_log_begin(observe->logger, level);
  struct tel_attributes *fields = tel_log_fields(record);
  if (!fields) return;
  if (exchange->span)
    tel_log_span(record, exchange->span);
  else if (tel_context_valid(&exchange->context))
    tel_log_context(record, &exchange->context);
  tel_http_describe_line(fields, parts);
  tel_attributes_put_string(fields, &REQUEST_ID, exchange->request_id);
  tel_attributes_put_string(fields, &PATH, tel_http_path_of(exchange->path));
  tel_attributes_put_double(fields, &DURATION, (double)duration_ns / 1e6);
  tel_attributes_put_int(fields, &REQUEST_BYTES, (int64_t)exchange->body_len);
  tel_attributes_put_int(fields, &RESPONSE_BYTES,
                         strcmp(method, "HEAD") == 0 ? 0 : (int64_t)exchange->reply.len);
  tel_attributes_put_string(fields, &CLIENT, exchange->client);
  tel_attributes_put_string(fields, &USER_AGENT, exchange->headers[HTTP_USER_AGENT]);
  write_notes(fields, exchange);
  if (problem) {
    tel_attributes_put_string(fields, &REASON, problem->code);
    tel_attributes_put_string(fields, &DETAIL, exchange->detail);
  }
  tel_log_message_at(record, log_message(exchange), exchange->start.unix_ns + duration_ns);
}

void http_observe_end(struct http_observe *observe, struct http_exchange *exchange) {
  uint64_t duration_ns = clock_mono_ns() - exchange->start.mono_ns;
  const char *method = tel_http_methods[exchange->method_index];
  if (!http_route_is_probe(exchange->route)) http_metrics_record(observe->metrics, exchange, duration_ns);
  const struct tel_http_parts *parts = http_metrics_parts(observe->metrics, exchange);
  describe_span(exchange, method, parts);
  write_log(observe, exchange, method, parts, duration_ns);
  tel_span_end(exchange->span, exchange->start.unix_ns + duration_ns);
  exchange->span = NULL;
}

void http_observe_identify(struct http_observe *observe, struct http_exchange *exchange) {
  if (exchange->connection) http_exchange_read_headers(exchange);
  settle_request_id(exchange);
  begin_trace(observe, exchange);
}

void http_observe_refused(struct http_observe *observe, const struct server_refusal *refusal,
                          const struct http_exchange *exchange) {
  http_metrics_refused(observe->metrics, refusal->status);
  /* The counter counts all refusals. */
  if (!refusal->target && !rate_passes(&observe->refusals, REFUSALS_A_SECOND, clock_mono_ns())) return;
  struct tel_log_record *record =
      tel_log_begin(observe->logger, refusal->status == 503 ? TEL_ERROR : TEL_WARN);
  struct tel_attributes *fields = tel_log_fields(record);
  if (exchange) {
    tel_log_context(record, &exchange->context);
    tel_attributes_put_string(fields, &REQUEST_ID, exchange->request_id);
  }
  tel_attributes_set_static(fields, "route", "unmatched");
  const char *path = refusal->target ? tel_http_path_of(refusal->target) : NULL;
  if (path) tel_attributes_set_text(fields, "path", path, strcspn(path, "?"));
  tel_attributes_set_int(fields, "status", refusal->status);
  tel_attributes_set_string(fields, "client", refusal->client);
  tel_attributes_set_string(fields, "reason", refusal->code);
  tel_attributes_set_string(fields, "detail", refusal->detail);
  tel_log_message(record, "request rejected");
}
