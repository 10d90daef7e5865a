/* SPDX-License-Identifier: MIT */
#include <orcania.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "telemetry/ulfius/adapter.h"

/* The record whose callback runs on this thread. tel_ulfius_span() and tel_ulfius_fields() read it. */
static _Thread_local struct record *current;
/* A callback of the program runs on this thread. If it calls another one, that is still the same request. */
static _Thread_local bool inside;

/* Replies as Ulfius itself does if no endpoint matches and the program has no default endpoint. */
static int reply_not_found(struct _u_response *response) {
  u_map_empty(response->map_header);
  bool made = ulfius_set_string_body_response(response, 404, ULFIUS_HTTP_NOT_FOUND_BODY) == U_OK;
  return made ? U_CALLBACK_COMPLETE : U_CALLBACK_ERROR;
}

/* Newer versions of Ulfius also call the default endpoint if all callbacks ignored the request. Our default
 * endpoint then keeps the callbacks' response. first: no callback has seen the request yet. */
static int run(const struct site *site, bool first, const struct _u_request *request,
               struct _u_response *response) {
  if (!site->callback) return first ? reply_not_found(response) : U_CALLBACK_CONTINUE;
  bool outer = inside;
  inside = true;
  int result = site->callback(request, response, site->user_data);
  inside = outer;
  return result;
}

static int call(const struct site *site, bool first, const struct _u_request *request,
                struct _u_response *response) {
  int result = run(site, first, request, response);
  /* Newer versions destroy the stream or websocket of a callback that returns U_CALLBACK_IGNORE if there is a
   * default endpoint, which may be ours only. */
  bool lost = site->observer->no_default && result == U_CALLBACK_IGNORE &&
              (response->stream_callback || adapter_is_websocket(response));
  return lost ? U_CALLBACK_CONTINUE : result;
}

/* Returns the request's record, from the hooks or a new one, and begins its exchange. started_ns: when the
 * request began, without the hooks; 0: now. NULL when out of memory. */
static struct record *begin(const struct site *site, const struct _u_request *request,
                            struct _u_response *response, uint64_t started_ns) {
  struct record *record = adapter_record_find(site->observer, request);
  bool hooked = record != NULL;
  if (!hooked) record = adapter_record_new(site->observer, request, NULL);
  if (!record) return NULL;
  if (!hooked) record->started_ns = started_ns;
  record->response = response;
  record->site = site;
  if (adapter_record_begin(record)) return record;
  if (!hooked) free(adapter_record_take(site->observer, request));
  return NULL;
}

/* Between callbacks, the response's shared data is the record. */
static void attach(struct record *record, struct _u_response *response) {
  if (response->stream_callback) adapter_stream_wrap(record, response);
  record->data = response->shared_data;
  record->free_data = response->free_shared_data;
  response->shared_data = record;
  response->free_shared_data = adapter_record_responded;
}

/* The program's own response to a scrape has precedence, and is observed after its callback. The adapter's is
 * neither counted, logged nor traced. */
static int observe_scrape(const struct site *site, const struct _u_request *request,
                          struct _u_response *response) {
  uint64_t started_ns = adapter_now_ns();
  int result = call(site, true, request, response);
  enum scrape_turn turn = adapter_scrape_turn(site, request, response, result);
  if (turn == SCRAPE_NEXT) return result;
  if (turn == SCRAPE_OURS) {
    struct record *record = adapter_record_find(site->observer, request);
    if (record) record->silent = true;
    return adapter_scrape(site->observer, request, response);
  }
  struct record *record = begin(site, request, response, started_ns);
  if (!record) return result;
  record->result = result;
  attach(record, response);
  return result;
}

/* Replaces the program's callback. Between callbacks the response's shared data is the record; inside a
 * callback it is the program's. */
static int observe_callback(const struct _u_request *request, struct _u_response *response, void *cls) {
  const struct site *site = cls;
  if (inside) return run(site, true, request, response);
  struct record *record =
      response->free_shared_data == adapter_record_responded ? response->shared_data : NULL;
  bool first = !record;
  if (first && adapter_is_scrape(site->observer, request)) return observe_scrape(site, request, response);
  if (record) {
    response->shared_data = record->data;
    response->free_shared_data = record->free_data;
    if (site->rank >= record->site->rank) record->site = site;
  } else {
    record = begin(site, request, response, 0);
    if (!record) return call(site, true, request, response);
  }
  current = record;
  record->result = call(site, first, request, response);
  current = NULL;
  attach(record, response);
  return record->result;
}

static const struct site *any_site_of(const struct _u_endpoint *endpoint) {
  return endpoint && endpoint->callback_function == observe_callback ? endpoint->user_data : NULL;
}

/* NULL also if the endpoint is a copy of another observed instance's endpoint. */
static const struct site *site_of(const struct _u_endpoint *endpoint, const struct _u_instance *instance) {
  const struct site *site = any_site_of(endpoint);
  return site && site->observer->instance == instance ? site : NULL;
}

struct observer *adapter_observer(const struct _u_instance *instance) {
  const struct site *site = instance ? site_of(instance->default_endpoint, instance) : NULL;
  for (int i = 0; instance && !site && instance->endpoint_list && i < instance->nb_endpoints; i++)
    site = site_of(&instance->endpoint_list[i], instance);
  return site ? site->observer : NULL;
}

static void restore_endpoint(const struct observer *observer, struct _u_endpoint *endpoint) {
  const struct site *site = any_site_of(endpoint);
  if (!site || site->observer != observer) return;
  endpoint->callback_function = site->callback;
  endpoint->user_data = site->user_data;
}

/* Restores the program's callbacks, so that the instance can be started or observed again. */
static void restore(const struct observer *observer) {
  struct _u_instance *instance = observer->instance;
  for (int i = 0; instance->endpoint_list && i < instance->nb_endpoints; i++)
    restore_endpoint(observer, &instance->endpoint_list[i]);
  restore_endpoint(observer, instance->default_endpoint);
}

/* Restores here, because free_observer() is not called if a thread is left behind. */
static void end_observer(void *cls) {
  restore(cls);
  adapter_records_end(cls);
}

static void free_observer(void *cls) {
  struct observer *observer = cls;
  adapter_records_destroy(observer);
  for (struct site *site; (site = observer->sites);) {
    observer->sites = site->next;
    free(site);
  }
  free(observer);
}

/* A route that ends in a wildcard ranks lowest. Other routes rank by their number of literal segments. */
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
  const struct site *copied = any_site_of(endpoint);
  site->observer = observer;
  site->callback = copied ? copied->callback : endpoint->callback_function;
  site->user_data = copied ? copied->user_data : endpoint->user_data;
  site->next = observer->sites;
  observer->sites = site;
  if (matches) {
    char *route = adapter_route_of(endpoint);
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
  if (site_of(endpoint, instance)) return 0;
  observer->no_default = !endpoint || !endpoint->callback_function;
  if (observer->no_default) {
    if (ulfius_set_default_endpoint(instance, observe_callback, NULL) != U_OK) return TEL_E_MEMORY;
    endpoint = instance->default_endpoint;
    endpoint->callback_function = NULL;
  }
  return add_site(observer, endpoint, false);
}

/* Each instance has one observer, even if it is observed again. A child of fork() may observe the instance of
 * its parent with another tel: that of its parent does not work there. */
static struct observer *observer_for(struct tel *tel, struct _u_instance *instance) {
  struct observer *observer = adapter_observer(instance);
  if (observer && (observer->tel == tel || observer->process == getpid())) return observer;
  if (observer) restore(observer);
  observer = calloc(1, sizeof *observer);
  if (!observer) return NULL;
  observer->tel = tel;
  observer->instance = instance;
  observer->process = getpid();
  adapter_records_init(observer);
  if (tel_own(tel, free_observer, observer) != 0) return NULL;
  return tel_at_end(tel, end_observer, observer) == 0 ? observer : NULL;
}

int tel_ulfius_observe_at(struct tel *tel, struct _u_instance *instance, const char *metrics_path) {
  int error = TEL_E_VALUE;
  struct observer *observer = NULL;
  if (!tel || !instance) goto out;
  error = TEL_E_MEMORY;
  observer = observer_for(tel, instance);
  if (!observer) goto out;
  error = TEL_E_VALUE;
  if (observer->tel != tel) goto out; /* one tel for an instance */
  error = 0;
  observer->metrics_path = metrics_path;
  for (int i = 0; i < instance->nb_endpoints && !error; i++)
    if (!site_of(&instance->endpoint_list[i], instance))
      error = add_site(observer, &instance->endpoint_list[i], true);
  if (!error) error = observe_default(observer, instance);
out:
  tel_fail(tel, error, "cannot observe the Ulfius instance");
  return error;
}

int tel_ulfius_observe(struct tel *tel, struct _u_instance *instance) {
  const struct observer *before = adapter_observer(instance);
  return tel_ulfius_observe_at(tel, instance, before ? before->metrics_path : "/metrics");
}

struct tel_span *tel_ulfius_span(const struct _u_response *response) {
  return response && current && current->response == response ? tel_http_span(current->exchange) : NULL;
}

struct tel_attributes *tel_ulfius_fields(const struct _u_response *response) {
  return response && current && current->response == response ? tel_http_fields(current->exchange) : NULL;
}
