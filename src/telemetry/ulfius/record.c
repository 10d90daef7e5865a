/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <orcania.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "telemetry/ulfius/adapter.h"

uint64_t adapter_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct bucket *bucket_of(struct observer *observer, const struct _u_request *request) {
  uint64_t hash = (uint64_t)(uintptr_t)request * 0x9e3779b97f4a7c15u;
  return &observer->buckets[hash >> 58];
}

void adapter_records_init(struct observer *observer) {
  for (size_t i = 0; i < BUCKETS; i++) pthread_mutex_init(&observer->buckets[i].lock, NULL);
}

/* Ulfius could not make a response and did not report it. Like Ulfius, this frees no data of the program. */
static void lose(struct record *record) {
  tel_http_lost(record->exchange, record->site ? record->site->route : NULL);
  free(record->stream);
  free(record);
}

void adapter_records_end(struct observer *observer) {
  for (size_t i = 0; i < BUCKETS; i++)
    for (struct record *record; (record = observer->buckets[i].first);) {
      observer->buckets[i].first = record->next;
      lose(record);
    }
}

void adapter_records_destroy(struct observer *observer) {
  for (size_t i = 0; i < BUCKETS; i++) pthread_mutex_destroy(&observer->buckets[i].lock);
}

struct record *adapter_record_new(struct observer *observer, const struct _u_request *request,
                                  struct MHD_Connection *connection) {
  struct record *record = calloc(1, sizeof *record);
  if (!record) return NULL;
  record->observer = observer;
  record->request = request;
  record->connection = connection;
  record->started_ns = connection ? adapter_now_ns() : 0;
  struct bucket *bucket = bucket_of(observer, request);
  pthread_mutex_lock(&bucket->lock);
  record->next = bucket->first;
  bucket->first = record;
  pthread_mutex_unlock(&bucket->lock);
  return record;
}

static struct record **place_of(struct bucket *bucket, const struct _u_request *request) {
  struct record **place = &bucket->first;
  while (*place && (*place)->request != request) place = &(*place)->next;
  return place;
}

struct record *adapter_record_take(struct observer *observer, const struct _u_request *request) {
  struct bucket *bucket = bucket_of(observer, request);
  pthread_mutex_lock(&bucket->lock);
  struct record **place = place_of(bucket, request), *record = *place;
  if (record) *place = record->next;
  pthread_mutex_unlock(&bucket->lock);
  return record;
}

void adapter_record_forget(struct observer *observer, const struct _u_request *request) {
  struct record *record = adapter_record_take(observer, request);
  if (record) lose(record);
}

struct record *adapter_record_find(struct observer *observer, const struct _u_request *request) {
  struct bucket *bucket = bucket_of(observer, request);
  pthread_mutex_lock(&bucket->lock);
  struct record **place = place_of(bucket, request), *record = *place;
  bool lost = record && !record->connection;
  if (lost) *place = record->next;
  pthread_mutex_unlock(&bucket->lock);
  if (!lost) return record;
  lose(record);
  return NULL;
}

/* Without the connection, only the sixteen bytes that Ulfius keeps are known. They hold an IPv4 address, but
 * not a whole IPv6 address. */
static unsigned read_client(struct record *record) {
  const struct sockaddr *address = record->request->client_address;
  if (record->connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(record->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    address = info ? info->client_addr : NULL;
  }
  if (address && address->sa_family == AF_INET) {
    struct sockaddr_in ipv4;
    memcpy(&ipv4, address, sizeof ipv4);
    inet_ntop(AF_INET, &ipv4.sin_addr, record->client, sizeof record->client);
    return ntohs(ipv4.sin_port);
  }
  if (!address || address->sa_family != AF_INET6 || !record->connection) return 0;
  struct sockaddr_in6 ipv6;
  memcpy(&ipv6, address, sizeof ipv6);
  if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr))
    inet_ntop(AF_INET, &ipv6.sin6_addr.s6_addr[12], record->client, sizeof record->client);
  else
    inet_ntop(AF_INET6, &ipv6.sin6_addr, record->client, sizeof record->client);
  return ntohs(ipv6.sin6_port);
}

static bool secure(const struct record *record) {
  if (record->connection) return MHD_get_connection_info(record->connection, MHD_CONNECTION_INFO_PROTOCOL);
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(record->observer->instance->mhd_daemon, MHD_DAEMON_INFO_FLAGS);
  return info && (info->flags & MHD_USE_TLS);
}

const char *adapter_header(const struct _u_request *request, const char *name, char **joined) {
  const struct _u_map *headers = request->map_header;
  const char *value = NULL;
  for (int i = 0; i < headers->nb_values; i++) {
    if (o_strcasecmp(headers->keys[i], name) != 0) continue;
    char *longer = value ? msprintf("%s,%s", value, headers->values[i]) : NULL;
    if (value && !longer) continue;
    o_free(*joined);
    *joined = longer;
    value = longer ? longer : headers->values[i];
  }
  return value;
}

bool adapter_record_begin(struct record *record) {
  const struct _u_request *request = record->request;
  char *traceparents = NULL, *tracestates = NULL;
  const char *query = request->http_url ? strchr(request->http_url, '?') : NULL;
  /* The hook on_uri runs before libmicrohttpd reports the method. */
  struct tel_http_request about = {.method = request->http_verb ? request->http_verb : "",
                                   .path = request->url_path,
                                   .query = query ? query + 1 : NULL,
                                   .scheme = secure(record) ? "https" : "http",
                                   .host = u_map_get_case(request->map_header, "Host"),
                                   .user_agent = u_map_get_case(request->map_header, "User-Agent"),
                                   .traceparent = adapter_header(request, "traceparent", &traceparents),
                                   .tracestate = adapter_header(request, "tracestate", &tracestates),
                                   .bytes = request->binary_body_length};
  if (o_strncmp(request->http_protocol, "HTTP/", 5) == 0) about.version = request->http_protocol + 5;
  about.client_port = read_client(record);
  if (*record->client) about.client = record->client;
  if (record->started_ns) about.age_ns = adapter_now_ns() - record->started_ns;
  record->head = o_strcmp(request->http_verb, "HEAD") == 0;
  record->exchange = tel_http_begin(record->observer->tel, &about);
  o_free(traceparents);
  o_free(tracestates);
  return record->exchange != NULL;
}

bool adapter_is_websocket(const struct _u_response *response) {
  const struct _websocket_handle *websocket = response->websocket_handle;
  return !response->stream_callback && websocket &&
         (websocket->websocket_manager_callback || websocket->websocket_incoming_message_callback);
}

/* Whether Ulfius sends its own body and the status 500, because the last callback's result is an error. */
static bool is_replaced(const struct record *record) {
  const struct _u_response *response = record->response;
  switch (record->result) {
  case U_CALLBACK_CONTINUE:
  case U_CALLBACK_IGNORE:
  case U_CALLBACK_COMPLETE:
  case U_CALLBACK_UNAUTHORIZED:
    return false;
  default:
    return !response->stream_callback && !adapter_is_websocket(response);
  }
}

/* The status that Ulfius's dispatcher sends for the last callback's result. 0: no response. */
static unsigned sent_status(const struct record *record) {
  const struct _u_response *response = record->response;
  unsigned status = response->status >= 100 && response->status <= 999 ? (unsigned)response->status : 0;
  if (is_replaced(record)) return 500;
  if (response->stream_callback) return status;
  if (adapter_is_websocket(response)) return status == 400 || status == 500 ? status : 101;
  return record->result == U_CALLBACK_UNAUTHORIZED ? 401 : status;
}

/* libmicrohttpd sends no body with these, whatever the program made. */
static bool has_body(const struct record *record) {
  unsigned status = record->status;
  return !record->head && status >= 200 && status != 204 && status != 304;
}

static uint64_t sent_bytes(const struct record *record) {
  if (!has_body(record)) return 0;
  if (is_replaced(record)) return strlen(ULFIUS_HTTP_ERROR_BODY);
  return record->response->stream_callback ? 0 : record->response->binary_body_length;
}

static void finish(struct record *record) {
  tel_http_end(record->exchange, record->site ? record->site->route : NULL, record->status, record->bytes);
  record->exchange = NULL;
}

/* The stream outlives the record and ends the exchange. */
static void leave_to_stream(struct record *record) {
  struct stream *stream = record->stream;
  stream->record = NULL;
  stream->no_body = !has_body(record);
  if (tel_http_keep(record->exchange) != 0) return;
  stream->route = record->site->route;
  stream->status = record->status;
  stream->exchange = record->exchange;
  record->exchange = NULL;
}

void adapter_record_responded(void *cls) {
  struct record *record = cls;
  record->status = sent_status(record);
  record->bytes = sent_bytes(record);
  record->responded = true;
  /* Like Ulfius, call free_data only if the program has set both. */
  if (record->data && record->free_data) record->free_data(record->data);
  bool websocket = record->status == 101 && adapter_is_websocket(record->response);
  record->response = NULL;
  if (websocket) finish(record); /* the connection's lifetime is not the request's duration */
  if (record->connection) return;
  adapter_record_take(record->observer, record->request);
  if (record->stream) leave_to_stream(record);
  if (record->refused && record->status) tel_http_cut(record->exchange, TEL_HTTP_CUT_SHUTDOWN);
  finish(record);
  free(record);
}

static unsigned library_status(const struct record *record) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(record->connection, MHD_CONNECTION_INFO_HTTP_STATUS);
  return info ? info->http_status : 0;
}

static enum tel_http_cut cut_of(enum MHD_RequestTerminationCode how) {
  if (how == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN) return TEL_HTTP_CUT_SHUTDOWN;
  return how == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED ? TEL_HTTP_CUT_TIMEOUT : TEL_HTTP_CUT_CLIENT;
}

void adapter_record_end(struct record *record, enum MHD_RequestTerminationCode how) {
  bool called = record->exchange != NULL;
  struct stream *stream = record->stream;
  if (stream) {
    record->bytes = stream->bytes;
    stream->record = NULL;
  }
  if (!record->silent && !record->responded && !called && adapter_record_begin(record))
    record->status = library_status(record);
  if (stream && stream->failed)
    tel_http_cut(record->exchange, TEL_HTTP_CUT_SERVER);
  else if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK && !called == !record->status)
    tel_http_cut(record->exchange,
                 cut_of(how)); /* not if libmicrohttpd refused the request, or Ulfius made no response */
  finish(record);
  free(record);
}
