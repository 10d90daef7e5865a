/* SPDX-License-Identifier: MIT */
/* Shared by the files of the Ulfius adapter. They use only the public headers. */
#ifndef TELEMETRY_ULFIUS_ADAPTER_H
#define TELEMETRY_ULFIUS_ADAPTER_H

#include <netinet/in.h>
#include <pthread.h>
#include <tel/ulfius.h>

typedef int callback_fn(const struct _u_request *request, struct _u_response *response, void *user_data);

struct observer;
struct record;

/* An endpoint of the program and its wrapper. Written once, before the first request. */
struct site {
  struct site *next;
  struct observer *observer;
  callback_fn *callback; /* NULL: the program has no default endpoint */
  void *user_data;
  struct tel_http_route *route; /* NULL: the default endpoint */
  unsigned rank; /* if a request calls several endpoints, the one with the highest rank names the route */
};

/* A hash table of the requests in progress, by the address of Ulfius's request. Threads rarely contend for a
 * bucket. */
enum { BUCKETS = 64 };
struct bucket {
  pthread_mutex_t lock;
  struct record *first;
};

/* The state of an observed instance; tel owns it. */
struct observer {
  struct tel *tel;
  struct _u_instance *instance;
  pid_t process;            /* that made it */
  const char *metrics_path; /* or NULL */
  bool no_default;          /* the program has no default endpoint of its own */
  struct site *sites;
  struct bucket buckets[BUCKETS];
};

/* A streamed response. libmicrohttpd ends it, often after the request's own end. */
struct stream {
  struct record *record;              /* until the record ends */
  struct tel_http_exchange *exchange; /* from then on, unless it has ended too */
  const struct tel_http_route *route;
  unsigned status;
  uint64_t size, bytes;
  bool complete, failed, no_body;
  ssize_t (*callback)(void *data, uint64_t offset, char *out, size_t max);
  void (*free_data)(void *data);
  void *data;
};

/* One request. With the hooks, it lasts from the request line to the last byte of the response. Without them,
 * it lasts from the first callback until Ulfius has queued the response and frees its shared data. */
struct record {
  struct record *next;
  const struct _u_request *request;
  struct observer *observer;
  struct MHD_Connection *connection; /* NULL: the hooks are not used */
  uint64_t started_ns;
  const struct _u_response *response;
  struct tel_http_exchange *exchange; /* NULL: no callback has run */
  const struct site *site;            /* the endpoint that names the route */
  struct stream *stream;
  int result; /* of the last callback */
  unsigned status;
  uint64_t bytes;
  bool head, responded, silent;
  bool refused; /* libmicrohttpd destroyed the stream: invalid status, or the server stops */
  void *data;   /* the program's own shared data while no callback runs */
  void (*free_data)(void *data);
  char client[INET6_ADDRSTRLEN];
};

/* The observer of an instance, or NULL. */
struct observer *adapter_observer(const struct _u_instance *instance);

/* Prefix and format of an endpoint, joined with one slash as Ulfius does. Free it with o_free(). NULL when
 * out of memory. */
char *adapter_route_of(const struct _u_endpoint *endpoint);
/* Whether Ulfius will upgrade the connection of this response to a websocket. */
bool adapter_is_websocket(const struct _u_response *response);
/* Returns all values of a header, joined by commas; NULL if it is absent. Ulfius joins only values whose
 * names have the same case. *joined must be NULL. It becomes the allocated text if there is one: free it with
 * o_free(). */
const char *adapter_header(const struct _u_request *request, const char *name, char **joined);
/* CLOCK_MONOTONIC. */
uint64_t adapter_now_ns(void);

bool adapter_is_scrape(const struct observer *observer, const struct _u_request *request);
/* Who responds to a scrape after this endpoint's callback has returned this result. */
enum scrape_turn {
  SCRAPE_NEXT,     /* the next endpoint that Ulfius calls */
  SCRAPE_PROGRAMS, /* the program has responded */
  SCRAPE_OURS,     /* the program would respond with 404, or with nothing */
};
enum scrape_turn adapter_scrape_turn(const struct site *site, const struct _u_request *request,
                                     const struct _u_response *response, int result);
/* Responds with the metrics. Returns the result for Ulfius. */
int adapter_scrape(struct observer *observer, const struct _u_request *request, struct _u_response *response);

/* Initialize, empty and destroy the buckets. */
void adapter_records_init(struct observer *observer);
void adapter_records_end(struct observer *observer);
void adapter_records_destroy(struct observer *observer);
struct record *adapter_record_new(struct observer *observer, const struct _u_request *request,
                                  struct MHD_Connection *connection);
/* Returns the record that the hooks made for the request, or NULL. Ends the record of an earlier request for
 * which Ulfius could not make a response. */
struct record *adapter_record_find(struct observer *observer, const struct _u_request *request);
/* Ends the record of an earlier request at this address, if any. */
void adapter_record_forget(struct observer *observer, const struct _u_request *request);
struct record *adapter_record_take(struct observer *observer, const struct _u_request *request);
/* Begins the exchange with the request's data. Returns false when out of memory. */
bool adapter_record_begin(struct record *record);
/* Ulfius calls it as free_shared_data when it has queued the response. */
void adapter_record_responded(void *cls);
/* Ends the exchange and frees the record. how: libmicrohttpd's reason. */
void adapter_record_end(struct record *record, enum MHD_RequestTerminationCode how);

/* Wraps the stream of a response. Changes nothing when out of memory. */
void adapter_stream_wrap(struct record *record, struct _u_response *response);

#endif
