#include <tel/ulfius.h>

#include <arpa/inet.h>
#include <orcania.h>
#include <stdlib.h>
#include <string.h>

#include <tel/scrape.h>

typedef int callback_fn(const struct _u_request *request, struct _u_response *response, void *user_data);

/* An endpoint of the program, and what stands around it. Written once, before requests come. */
struct site {
  struct site *next;
  struct observer *observer;
  callback_fn *callback; /* NULL: the program has no default endpoint */
  void *user_data;
  struct tel_http_route *route; /* NULL: a default endpoint, where nothing matches */
  unsigned rank;                /* of the endpoints that a request calls, the highest names its route */
};

/* What hangs on tel for an instance. */
struct observer {
  struct tel *tel;
  const char *metrics_path; /* or NULL */
  struct site *sites;
};

/* One request, from its first callback until Ulfius frees the response's shared data. */
struct record {
  struct observer *observer;
  const struct _u_response *response;
  struct tel_http_exchange *exchange;
  const struct site *site; /* that names the route */
  int result;              /* of the last callback */
  bool head;
  void *data; /* the program's own shared data while no callback runs */
  void (*free_data)(void *data);
  char client[INET_ADDRSTRLEN];
};

/* The record whose callback runs on this thread: a handler's response leads to it. */
static _Thread_local struct record *current;

/* What Ulfius sends for the last callback's result, as its dispatcher decides it. 0: nothing. */
static unsigned sent_status(const struct record *record) {
  const struct _u_response *response = record->response;
  const struct _websocket_handle *websocket = response->websocket_handle;
  unsigned status = response->status >= 100 && response->status <= 999 ? (unsigned)response->status : 0;
  if (response->stream_callback) return status;
  if (websocket && (websocket->websocket_manager_callback || websocket->websocket_incoming_message_callback))
    return status == 400 || status == 500 ? status : 101;
  switch (record->result) {
  case U_CALLBACK_CONTINUE:
  case U_CALLBACK_IGNORE:
  case U_CALLBACK_COMPLETE:
    return status;
  case U_CALLBACK_UNAUTHORIZED:
    return 401;
  default:
    return 500;
  }
}

static bool has_body(const struct record *record, unsigned status) {
  return !record->head && status >= 200 && status != 204 && status != 304 &&
         !record->response->stream_callback;
}

/* Ulfius calls this once, when the answer has been queued. */
static void end_record(void *cls) {
  struct record *record = cls;
  unsigned status = sent_status(record);
  tel_http_end(record->exchange, record->site->route, status,
               has_body(record, status) ? record->response->binary_body_length : 0);
  /* As Ulfius does: a program may leave one of the two behind. */
  if (record->data && record->free_data) record->free_data(record->data);
  free(record);
}

/* Ulfius keeps sixteen bytes of the peer's address: all of IPv4, and not all of IPv6. */
static unsigned read_client(const struct _u_request *request, char text[INET_ADDRSTRLEN]) {
  if (!request->client_address || request->client_address->sa_family != AF_INET) return 0;
  struct sockaddr_in address;
  memcpy(&address, request->client_address, sizeof address);
  inet_ntop(AF_INET, &address.sin_addr, text, INET_ADDRSTRLEN);
  return ntohs(address.sin_port);
}

static struct record *begin_record(const struct site *site, const struct _u_request *request,
                                   const struct _u_response *response) {
  struct record *record = calloc(1, sizeof *record);
  if (!record) return NULL;
  const char *query = request->http_url ? strchr(request->http_url, '?') : NULL;
  struct tel_http_request about = {.method = request->http_verb,
                                   .path = request->url_path,
                                   .query = query ? query + 1 : NULL,
                                   .host = u_map_get_case(request->map_header, "Host"),
                                   .user_agent = u_map_get_case(request->map_header, "User-Agent"),
                                   .traceparent = u_map_get_case(request->map_header, "traceparent"),
                                   .tracestate = u_map_get_case(request->map_header, "tracestate"),
                                   .bytes = request->binary_body_length};
  if (o_strncmp(request->http_protocol, "HTTP/", 5) == 0) about.version = request->http_protocol + 5;
  about.client_port = read_client(request, record->client);
  if (*record->client) about.client = record->client;
  record->observer = site->observer;
  record->response = response;
  record->site = site;
  record->head = o_strcmp(request->http_verb, "HEAD") == 0;
  record->exchange = tel_http_begin(site->observer->tel, &about);
  if (record->exchange) return record;
  free(record);
  return NULL;
}

/* What Ulfius answers by itself where no endpoint matches and there is no default one. */
static int answer_nothing(struct _u_response *response) {
  u_map_empty(response->map_header);
  ulfius_set_string_body_response(response, 404, ULFIUS_HTTP_NOT_FOUND_BODY);
  return U_CALLBACK_COMPLETE;
}

static int answer_scrape(struct observer *observer, const struct _u_request *request,
                         struct _u_response *response) {
  struct tel_scrape scrape;
  u_map_empty(response->map_header);
  if (tel_scrape(tel_registry(observer->tel), u_map_get_case(request->map_header, "Accept"),
                 u_map_get_case(request->map_header, "Accept-Encoding"), &scrape) != 0)
    return U_CALLBACK_ERROR;
  ulfius_set_binary_body_response(response, 200, scrape.body, scrape.size);
  u_map_put(response->map_header, "Content-Type", scrape.content_type);
  u_map_put(response->map_header, "Vary", "Accept, Accept-Encoding");
  if (scrape.content_encoding) u_map_put(response->map_header, "Content-Encoding", scrape.content_encoding);
  tel_scrape_free(&scrape);
  return U_CALLBACK_COMPLETE;
}

static bool is_scrape(const struct observer *observer, const struct _u_request *request) {
  return observer->metrics_path && o_strcmp(request->url_path, observer->metrics_path) == 0 &&
         (o_strcmp(request->http_verb, "GET") == 0 || o_strcmp(request->http_verb, "HEAD") == 0);
}

/* first: no callback has seen the request yet. Newer versions of Ulfius call the default endpoint also after
 * callbacks that all ignored the request: ours then leaves what they made. */
static int call(const struct site *site, bool first, const struct _u_request *request,
                struct _u_response *response) {
  if (!site->callback) return first ? answer_nothing(response) : U_CALLBACK_CONTINUE;
  int result = site->callback(request, response, site->user_data);
  /* Those versions would destroy a stream that a callback began and called ignored. */
  return result == U_CALLBACK_IGNORE && response->stream_callback ? U_CALLBACK_CONTINUE : result;
}

/* Neither logged nor traced. The program comes first: what it answers, or refuses, stays. */
static int scrape(const struct site *site, const struct _u_request *request, struct _u_response *response) {
  int result = call(site, true, request, response);
  bool answers =
      result == U_CALLBACK_COMPLETE || result == U_CALLBACK_CONTINUE || result == U_CALLBACK_IGNORE;
  bool nothing = answers && response->status == 404 && !response->stream_callback;
  return nothing ? answer_scrape(site->observer, request, response) : result;
}

/* Stands where the program's callback stood. Between the callbacks the response's shared data is the record;
 * inside of them it is the program's. */
static int observe_callback(const struct _u_request *request, struct _u_response *response, void *cls) {
  const struct site *site = cls;
  if (is_scrape(site->observer, request)) return scrape(site, request, response);
  struct record *record = response->free_shared_data == end_record ? response->shared_data : NULL;
  bool first = !record;
  if (record) {
    response->shared_data = record->data;
    response->free_shared_data = record->free_data;
    if (site->rank >= record->site->rank) record->site = site;
  } else {
    record = begin_record(site, request, response);
    if (!record) return call(site, true, request, response);
  }
  current = record;
  record->result = call(site, first, request, response);
  current = NULL;
  record->data = response->shared_data;
  record->free_data = response->free_shared_data;
  response->shared_data = record;
  response->free_shared_data = end_record;
  return record->result;
}

static void free_observer(void *cls) {
  struct observer *observer = cls;
  for (struct site *site; (site = observer->sites);) {
    observer->sites = site->next;
    free(site);
  }
  free(observer);
}

/* Prefix and format, either may be NULL, joined with one slash, as Ulfius joins them. malloc'ed. */
static char *join(const char *prefix, const char *format) {
  prefix = prefix ? prefix + strspn(prefix, "/") : "";
  format = format ? format + strspn(format, "/") : "";
  size_t len = strlen(prefix);
  while (len && prefix[len - 1] == '/') len--;
  return msprintf("/%.*s%s%s", (int)len, prefix, len && *format ? "/" : "", format);
}

/* An open end is the least specific; then literal segments count. */
static unsigned rank_of(const char *route) {
  unsigned rank = 1;
  size_t len = strlen(route);
  if (len && route[len - 1] != '*') rank += 1000;
  for (const char *segment = route; (segment = strchr(segment, '/')); segment++)
    if (segment[1] && !strchr("@:*/", segment[1])) rank++;
  return rank;
}

static int add_site(struct observer *observer, struct _u_endpoint *endpoint, bool matches) {
  struct site *site = calloc(1, sizeof *site);
  if (!site) return TEL_E_MEMORY;
  site->observer = observer;
  site->callback = endpoint->callback_function;
  site->user_data = endpoint->user_data;
  site->next = observer->sites;
  observer->sites = site;
  if (matches) {
    char *route = join(endpoint->url_prefix, endpoint->url_format);
    site->route = route ? tel_http_route(observer->tel, endpoint->http_method, route) : NULL;
    site->rank = route ? rank_of(route) : 0;
    o_free(route);
    if (!site->route) return TEL_E_MEMORY;
  }
  endpoint->callback_function = observe_callback;
  endpoint->user_data = site;
  return 0;
}

static int observe_default(struct observer *observer, struct _u_instance *instance) {
  struct _u_endpoint *endpoint = instance->default_endpoint;
  if (!endpoint || !endpoint->callback_function) {
    if (ulfius_set_default_endpoint(instance, observe_callback, NULL) != U_OK) return TEL_E_MEMORY;
    endpoint = instance->default_endpoint;
    endpoint->callback_function = NULL;
  }
  return endpoint->callback_function == observe_callback ? 0 : add_site(observer, endpoint, false);
}

int tel_ulfius_observe_at(struct tel *tel, struct _u_instance *instance, const char *metrics_path) {
  int error = TEL_E_MEMORY;
  if (!tel || !instance) {
    error = TEL_E_VALUE;
    goto out;
  }
  struct observer *observer = calloc(1, sizeof *observer);
  if (!observer || (error = tel_own(tel, free_observer, observer)) != 0) goto out;
  observer->tel = tel;
  observer->metrics_path = metrics_path;
  error = 0;
  for (int i = 0; i < instance->nb_endpoints && !error; i++)
    if (instance->endpoint_list[i].callback_function != observe_callback)
      error = add_site(observer, &instance->endpoint_list[i], true);
  if (!error) error = observe_default(observer, instance);
out:
  tel_fail(tel, error, "cannot observe the Ulfius instance");
  return error;
}

int tel_ulfius_observe(struct tel *tel, struct _u_instance *instance) {
  return tel_ulfius_observe_at(tel, instance, "/metrics");
}

struct tel_span *tel_ulfius_span(const struct _u_response *response) {
  return current && current->response == response ? tel_http_span(current->exchange) : NULL;
}

struct tel_attributes *tel_ulfius_fields(const struct _u_response *response) {
  return current && current->response == response ? tel_http_fields(current->exchange) : NULL;
}
