#include "http/observe.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "http/server.h"

static const char *const methods[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                      "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER"};
static const unsigned statuses[] = {200, 201, 400, 402, 404, 405, 409, 413, 415, 431, 500, 502, 503, 504};
enum {
  METHODS = sizeof methods / sizeof *methods,
  METHOD_POST = 2,
  METHOD_OTHER = METHODS - 1,
  ROUTES = HTTP_SHOP_ROUTES + 1, /* and "unmatched" */
  STATUSES = sizeof statuses / sizeof *statuses,
};

/* Series are looked up once and kept: a request finds its counters by index. NULL until the first use. */
struct http_observe {
  struct tel_tracer *tracer;
  struct tel_logger *logger;
  struct tel_family *requests, *errors, *durations, *refused;
  _Atomic(struct tel_counter *) request[METHODS][ROUTES][STATUSES];
  _Atomic(struct tel_counter *) error[ROUTES]
                                     [HTTP_PROBLEM_COUNT]; /* always POST: only that reaches the shop */
  _Atomic(struct tel_histogram *) duration[METHODS][ROUTES];
};

static size_t method_index(const char *method) {
  for (size_t i = 0; i < METHOD_OTHER; i++)
    if (strcmp(methods[i], method) == 0) return i;
  return METHOD_OTHER;
}

static size_t route_index(const struct http_route *route) {
  return route ? (size_t)(route - http_routes) : HTTP_SHOP_ROUTES;
}

static const char *route_label(size_t index) {
  return index < HTTP_SHOP_ROUTES ? http_routes[index].path : "unmatched";
}

static size_t status_index(unsigned status) {
  for (size_t i = 0; i < STATUSES; i++)
    if (statuses[i] == status) return i;
  return 10; /* 500: what has no row is our own mistake */
}

static struct tel_counter *request_series(struct http_observe *observe, size_t method, size_t route,
                                          size_t status) {
  struct tel_counter *counter =
      atomic_load_explicit(&observe->request[method][route][status], memory_order_acquire);
  if (counter || !observe->requests) return counter;
  char text[12];
  snprintf(text, sizeof text, "%u", statuses[status]);
  const char *values[] = {methods[method], route_label(route), text};
  if (tel_counter_series(observe->requests, values, &counter) != 0) return NULL;
  atomic_store_explicit(&observe->request[method][route][status], counter, memory_order_release);
  return counter;
}

static struct tel_counter *error_series(struct http_observe *observe, size_t route,
                                        enum http_problem problem) {
  struct tel_counter *counter = atomic_load_explicit(&observe->error[route][problem], memory_order_acquire);
  if (counter || !observe->errors) return counter;
  const char *values[] = {methods[METHOD_POST], route_label(route), http_problem_row(problem)->code};
  if (tel_counter_series(observe->errors, values, &counter) != 0) return NULL;
  atomic_store_explicit(&observe->error[route][problem], counter, memory_order_release);
  return counter;
}

static struct tel_histogram *duration_series(struct http_observe *observe, size_t method, size_t route) {
  struct tel_histogram *histogram =
      atomic_load_explicit(&observe->duration[method][route], memory_order_acquire);
  if (histogram || !observe->durations) return histogram;
  const char *values[] = {methods[method], route_label(route)};
  if (tel_histogram_series(observe->durations, values, &histogram) != 0) return NULL;
  atomic_store_explicit(&observe->duration[method][route], histogram, memory_order_release);
  return histogram;
}

/* Which problems a route can end in; the others never become series at 0. */
static bool belongs(size_t route, enum http_problem problem) {
  bool order = strcmp(http_routes[route].path, "/order") == 0;
  switch (problem) {
  case HTTP_UNKNOWN_SKU:
  case HTTP_OUT_OF_STOCK:
    return order;
  case HTTP_UNKNOWN_ORDER:
  case HTTP_ALREADY_PAID:
  case HTTP_CARD_DECLINED:
  case HTTP_INSUFFICIENT_FUNDS:
  case HTTP_FRAUD_SUSPECTED:
  case HTTP_GATEWAY_ERROR:
  case HTTP_GATEWAY_TIMEOUT:
    return !order;
  case HTTP_NOT_FOUND:
  case HTTP_METHOD_NOT_ALLOWED:
  case HTTP_HEADER_TOO_LARGE:
    return false;
  default:
    return true;
  }
}

/* What rate() shall see the first of must be there, at 0, before it happens. */
static bool expose_at_zero(struct http_observe *observe) {
  bool ok = true;
  for (size_t route = 0; route < HTTP_SHOP_ROUTES; route++) {
    unsigned done = strcmp(http_routes[route].path, "/order") == 0 ? 201 : 200;
    ok = ok && request_series(observe, METHOD_POST, route, status_index(done));
    ok = ok && duration_series(observe, METHOD_POST, route);
    for (int problem = HTTP_NO_PROBLEM + 1; problem < HTTP_PROBLEM_COUNT; problem++) {
      const struct http_problem_row *row = http_problem_row((enum http_problem)problem);
      if (!belongs(route, (enum http_problem)problem)) continue;
      ok = ok && request_series(observe, METHOD_POST, route, status_index(row->status));
      if (row->error) ok = ok && error_series(observe, route, (enum http_problem)problem);
    }
  }
  return ok;
}

static bool register_families(struct http_observe *observe, struct tel_registry *registry,
                              const double *buckets, size_t bucket_count) {
  static const char *const request_labels[] = {"method", "route", "status"};
  static const char *const error_labels[] = {"method", "route", "reason"};
  static const char *const refused_labels[] = {"status"};
  const struct tel_family_spec requests = {.name = "request_total",
                                           .help = "Requests answered, without probes.",
                                           .labels = request_labels,
                                           .label_count = 3};
  const struct tel_family_spec errors = {
      .name = "error_total",
      .help = "Requests that the shop failed to serve; clients' mistakes are not "
              "among them.",
      .labels = error_labels,
      .label_count = 3};
  const struct tel_family_spec durations = {.name = "request_duration_seconds",
                                            .help =
                                                "From the request's arrival to its answer, without probes.",
                                            .unit = "seconds",
                                            .labels = request_labels, /* the first two */
                                            .label_count = 2,
                                            .buckets = buckets,
                                            .bucket_count = bucket_count};
  const struct tel_family_spec refused = {
      .name = "minishop_refused_total",
      .help = "Requests that never became one: refused by the HTTP library or cut "
              "off; status 0: without an answer.",
      .labels = refused_labels,
      .label_count = 1};
  return tel_counter_family(registry, &requests, &observe->requests) == 0 &&
         tel_counter_family(registry, &errors, &observe->errors) == 0 &&
         tel_histogram_family(registry, &durations, &observe->durations) == 0 &&
         tel_counter_family(registry, &refused, &observe->refused) == 0 && expose_at_zero(observe);
}

struct http_observe *http_observe_new(struct tel_registry *registry, struct tel_tracer *tracer,
                                      struct tel_logger *logger, const double *buckets, size_t bucket_count) {
  struct http_observe *observe = calloc(1, sizeof *observe);
  if (!observe) return NULL;
  observe->tracer = tracer;
  observe->logger = logger;
  if (!registry || register_families(observe, registry, buckets, bucket_count)) return observe;
  free(observe);
  return NULL;
}

void http_observe_free(struct http_observe *observe) {
  free(observe);
}

/* A caller's id is kept if it is short and plain; logs, headers and searches then agree on it. */
static bool request_id_ok(const char *id) {
  size_t len = strlen(id);
  if (len == 0 || len >= HTTP_REQUEST_ID_SIZE) return false;
  for (; *id; id++)
    if (!isalnum((unsigned char)*id) && !strchr("-_.:/+=@~", *id)) return false;
  return true;
}

static void settle_request_id(struct http_exchange *exchange) {
  const char *id = http_exchange_header(exchange, "X-Request-Id");
  if (id && request_id_ok(id)) {
    strcpy(exchange->request_id, id);
    return;
  }
  snprintf(exchange->request_id, sizeof exchange->request_id, "%016llx%016llx",
           (unsigned long long)random_u64(), (unsigned long long)random_u64());
}

/* The combined tracestate, "" if there is none or any of it is bad. */
static void read_tracestate(const struct http_exchange *exchange, char state[TEL_TRACESTATE_SIZE]) {
  struct buf joined = BUF_INIT(TEL_TRACESTATE_SIZE);
  state[0] = '\0';
  http_connection_header_join(exchange->connection, "tracestate", &joined);
  if (!buf_failed(&joined) && joined.len && !tel_tracestate_append(state, joined.data, joined.len))
    state[0] = '\0';
  buf_free(&joined);
}

static void begin_trace(struct http_observe *observe, struct http_exchange *exchange) {
  struct tel_context parent;
  char state[TEL_TRACESTATE_SIZE] = "";
  const char *header = http_exchange_header(exchange, "traceparent");
  bool continued = header && tel_traceparent_parse(header, strlen(header), &parent);
  if (exchange->route && exchange->route->span) {
    if (continued) read_tracestate(exchange, state);
    /* Another method than the route's is no order and no payment: it is named as the conventions name any
     * request. */
    const char *name = exchange->route->span;
    if (!http_route_takes(exchange->route, exchange->method)) name = "HTTP";
    exchange->span = tel_span_start(observe->tracer, name, TEL_SPAN_SERVER, continued ? &parent : NULL, state,
                                    exchange->start_unix_ns);
    exchange->context = *tel_span_context(exchange->span);
  } else {
    /* No span, but an answer and its log line can still be told by a trace id: the caller's, or a fresh one.
     */
    if (continued)
      memcpy(exchange->context.trace_id, parent.trace_id, sizeof parent.trace_id);
    else
      random_bytes(exchange->context.trace_id, sizeof exchange->context.trace_id);
    random_bytes(exchange->context.span_id, sizeof exchange->context.span_id);
  }
}

void http_observe_begin(struct http_observe *observe, struct http_exchange *exchange) {
  exchange->start_unix_ns = clock_unix_ns();
  exchange->start_mono_ns = clock_mono_ns();
  exchange->route = http_route_find(exchange->path);
  settle_request_id(exchange);
  begin_trace(observe, exchange);
}

/* "host:port" of the Host header into attributes; the port only if it is one. */
static void describe_server(struct tel_attributes *attributes, const char *host) {
  if (!host || !*host) return;
  const char *colon = strrchr(host, ':');
  const char *bracket = strrchr(host, ']');
  if (colon && bracket && colon < bracket) colon = NULL; /* of an IPv6 address */
  size_t len = colon ? (size_t)(colon - host) : strlen(host);
  if (*host == '[' && bracket)
    tel_attributes_set_text(attributes, "server.address", host + 1, (size_t)(bracket - host - 1));
  else
    tel_attributes_set_text(attributes, "server.address", host, len);
  unsigned port = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 80;
  if (port > 0 && port <= 65535) tel_attributes_set_int(attributes, "server.port", port);
}

/* The HTTP semantic conventions for a SERVER span. */
static void describe_span(const struct http_exchange *exchange, size_t method) {
  struct tel_attributes *attributes = tel_span_attributes(exchange->span);
  if (!attributes) return;
  tel_attributes_set_static(attributes, "http.request.method", methods[method]);
  if (method == METHOD_OTHER)
    tel_attributes_set_string(attributes, "http.request.method_original", exchange->method);
  tel_attributes_set_string(attributes, "url.path", exchange->path);
  tel_attributes_set_static(attributes, "url.scheme", "http");
  if (exchange->query && *exchange->query)
    tel_attributes_set_string(attributes, "url.query", exchange->query);
  tel_attributes_set_static(attributes, "http.route", exchange->route->path);
  tel_attributes_set_int(attributes, "http.response.status_code", exchange->status);
  describe_server(attributes, http_exchange_header(exchange, "Host"));
  tel_attributes_set_string(attributes, "client.address", exchange->client);
  tel_attributes_set_string(attributes, "network.peer.address", exchange->client);
  if (exchange->client_port) tel_attributes_set_int(attributes, "network.peer.port", exchange->client_port);
  if (exchange->version && strncmp(exchange->version, "HTTP/", 5) == 0)
    tel_attributes_set_string(attributes, "network.protocol.version", exchange->version + 5);
  tel_attributes_set_string(attributes, "user_agent.original", http_exchange_header(exchange, "User-Agent"));
  if (exchange->status >= 500) {
    tel_attributes_set_static(attributes, "error.type", http_problem_row(exchange->problem)->code);
    tel_span_set_status(exchange->span, TEL_STATUS_ERROR, http_problem_row(exchange->problem)->title);
  }
}

static const char *log_message(const struct http_exchange *exchange) {
  const struct http_route *route = exchange->route;
  if (http_route_is_probe(route)) return "probe answered";
  if (!route || !http_route_takes(route, exchange->method)) return "request rejected";
  if (exchange->problem == HTTP_NO_PROBLEM) return route->done;
  return http_problem_row(exchange->problem)->error ? route->failed : route->rejected;
}

static void write_log(struct http_observe *observe, const struct http_exchange *exchange, size_t method,
                      double duration_ns) {
  const struct http_problem_row *problem = exchange->problem ? http_problem_row(exchange->problem) : NULL;
  enum tel_level level = http_route_is_probe(exchange->route) ? TEL_DEBUG
                         : problem                            ? problem->level
                                                              : TEL_INFO;
  struct tel_log_record *record = tel_log_begin(observe->logger, level);
  struct tel_attributes *fields = tel_log_fields(record);
  if (!fields) return;
  if (tel_context_valid(&exchange->context)) tel_log_context(record, &exchange->context);
  tel_attributes_set_string(fields, "request_id", exchange->request_id);
  tel_attributes_set_static(fields, "method", methods[method]);
  tel_attributes_set_static(fields, "route", exchange->route ? exchange->route->path : "unmatched");
  tel_attributes_set_string(fields, "path", exchange->path);
  tel_attributes_set_int(fields, "status", exchange->status);
  tel_attributes_set_double(fields, "duration_ms", duration_ns / 1e6);
  tel_attributes_set_int(fields, "request_bytes", (int64_t)exchange->body_len);
  tel_attributes_set_int(fields, "response_bytes", (int64_t)exchange->reply.len);
  tel_attributes_set_string(fields, "client", exchange->client);
  tel_attributes_set_string(fields, "user_agent", http_exchange_header(exchange, "User-Agent"));
  if (*exchange->order_id) tel_attributes_set_string(fields, "order_id", exchange->order_id);
  if (*exchange->sku) tel_attributes_set_string(fields, "sku", exchange->sku);
  if (exchange->quantity) tel_attributes_set_int(fields, "quantity", exchange->quantity);
  if (*exchange->payment_id) tel_attributes_set_string(fields, "payment_id", exchange->payment_id);
  if (problem) {
    tel_attributes_set_static(fields, "reason", problem->code);
    tel_attributes_set_string(fields, "detail", exchange->detail);
  }
  if (exchange->inner_ns)
    tel_attributes_set_double(fields, exchange->route->inner_field, (double)exchange->inner_ns / 1e6);
  tel_log_message(record, log_message(exchange));
}

void http_observe_end(struct http_observe *observe, struct http_exchange *exchange) {
  uint64_t duration_ns = clock_mono_ns() - exchange->start_mono_ns;
  size_t method = method_index(exchange->method);
  if (!http_route_is_probe(exchange->route)) {
    size_t route = route_index(exchange->route);
    tel_counter_add(request_series(observe, method, route, status_index(exchange->status)), 1);
    tel_histogram_observe(duration_series(observe, method, route), (double)duration_ns / 1e9,
                          &exchange->context);
    if (exchange->problem && http_problem_row(exchange->problem)->error && method == METHOD_POST)
      tel_counter_add(error_series(observe, route, exchange->problem), 1);
  }
  describe_span(exchange, method);
  write_log(observe, exchange, method, (double)duration_ns);
  tel_span_end(exchange->span, exchange->start_unix_ns + duration_ns);
  exchange->span = NULL;
}

void http_observe_refused(struct http_observe *observe, unsigned status, const char *client,
                          const char *detail) {
  char text[12];
  snprintf(text, sizeof text, "%u", status);
  const char *value = text;
  struct tel_counter *counter;
  /* At most a handful of statuses, and rare: looking the series up each time is quick enough. */
  if (observe->refused && tel_counter_series(observe->refused, &value, &counter) == 0)
    tel_counter_add(counter, 1);
  struct tel_log_record *record = tel_log_begin(observe->logger, TEL_WARN);
  struct tel_attributes *fields = tel_log_fields(record);
  tel_attributes_set_static(fields, "route", "unmatched");
  tel_attributes_set_int(fields, "status", status);
  tel_attributes_set_string(fields, "client", client);
  tel_attributes_set_static(fields, "reason", "invalid_request");
  tel_attributes_set_string(fields, "detail", detail);
  tel_log_message(record, "request rejected");
}
