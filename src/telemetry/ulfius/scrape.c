/* SPDX-License-Identifier: MIT */
/* Serves the metrics where the program itself would respond with nothing. */
#include <orcania.h>
#include <string.h>

#include <tel/scrape.h>

#include "telemetry/ulfius/adapter.h"

char *adapter_route_of(const struct _u_endpoint *endpoint) {
  const char *prefix = endpoint->url_prefix, *format = endpoint->url_format;
  prefix = prefix ? prefix + strspn(prefix, "/") : "";
  format = format ? format + strspn(format, "/") : "";
  size_t len = strlen(prefix);
  while (len && prefix[len - 1] == '/') len--;
  return msprintf("/%.*s%s%s", (int)len, prefix, len && *format ? "/" : "", format);
}

bool adapter_is_scrape(const struct observer *observer, const struct _u_request *request) {
  return observer->metrics_path && o_strcmp(request->url_path, observer->metrics_path) == 0 &&
         (o_strcmp(request->http_verb, "GET") == 0 || o_strcmp(request->http_verb, "HEAD") == 0);
}

int adapter_scrape(struct observer *observer, const struct _u_request *request,
                   struct _u_response *response) {
  struct tel_scrape scrape;
  char *accepts = NULL, *encodings = NULL;
  u_map_empty(response->map_header);
  int error = tel_scrape(tel_registry(observer->tel), adapter_header(request, "Accept", &accepts),
                         adapter_header(request, "Accept-Encoding", &encodings), &scrape);
  o_free(accepts);
  o_free(encodings);
  if (error) return U_CALLBACK_ERROR;
  struct _u_map *headers = response->map_header;
  const char *encoding = scrape.content_encoding;
  bool whole = ulfius_set_binary_body_response(response, 200, scrape.body, scrape.size) == U_OK &&
               u_map_put(headers, "Content-Type", scrape.content_type) == U_OK &&
               u_map_put(headers, "Vary", "Accept, Accept-Encoding") == U_OK &&
               (!encoding || u_map_put(headers, "Content-Encoding", encoding) == U_OK);
  tel_scrape_free(&scrape);
  return whole ? U_CALLBACK_COMPLETE : U_CALLBACK_ERROR; /* an empty response would look like a scrape */
}

/* The length of the first segment of a path, which *path then begins with. 0 at the end of the path. */
static size_t segment(const char **path) {
  *path += strspn(*path, "/");
  return strcspn(*path, "/");
}

/* As in Ulfius, '*' as the last segment matches all that follows. */
static bool route_matches(const char *route, const char *path) {
  for (;;) {
    size_t want = segment(&route), have = segment(&path);
    if (want && *route == '*' && !route[want + strspn(route + want, "/")]) return true;
    if (!want || !have) return want == have;
    if (!strchr("@:", *route) && (want != have || strncmp(route, path, want) != 0)) return false;
    route += want;
    path += have;
  }
}

static bool endpoint_matches(const struct _u_endpoint *endpoint, const struct _u_request *request) {
  if (*endpoint->http_method != '*' && o_strcasecmp(endpoint->http_method, request->http_verb) != 0)
    return false;
  char *route = adapter_route_of(endpoint);
  bool matches = route && route_matches(route, request->url_path);
  o_free(route);
  return matches;
}

/* Whether Ulfius calls another endpoint after this one. It calls them by priority, then by position. */
static bool has_next(const struct site *site, const struct _u_request *request) {
  const struct _u_instance *instance = site->observer->instance;
  int own = 0;
  while (own < instance->nb_endpoints && instance->endpoint_list[own].user_data != site) own++;
  if (own >= instance->nb_endpoints) return false; /* the default endpoint */
  for (int i = 0; i < instance->nb_endpoints; i++) {
    const struct _u_endpoint *endpoint = &instance->endpoint_list[i];
    unsigned priority = instance->endpoint_list[own].priority;
    if ((endpoint->priority > priority || (endpoint->priority == priority && i > own)) &&
        endpoint_matches(endpoint, request))
      return true;
  }
  return false;
}

enum scrape_turn adapter_scrape_turn(const struct site *site, const struct _u_request *request,
                                     const struct _u_response *response, int result) {
  bool goes_on = result == U_CALLBACK_CONTINUE || result == U_CALLBACK_IGNORE;
  if (response->stream_callback || adapter_is_websocket(response)) return SCRAPE_PROGRAMS;
  if (goes_on && has_next(site, request)) return SCRAPE_NEXT;
  bool missing = response->status == 404 && (goes_on || result == U_CALLBACK_COMPLETE);
  bool empty = response->status == 200 && response->binary_body_length == 0 && goes_on;
  return missing || empty ? SCRAPE_OURS : SCRAPE_PROGRAMS;
}
