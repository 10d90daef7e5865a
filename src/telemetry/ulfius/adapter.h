/* SPDX-License-Identifier: MIT */
/* What the parts of the Ulfius adapter share. They stand on the public headers alone. */
#ifndef TELEMETRY_ULFIUS_ADAPTER_H
#define TELEMETRY_ULFIUS_ADAPTER_H

#include <netinet/in.h>
#include <pthread.h>
#include <tel/ulfius.h>

typedef int callback_fn(const struct _u_request *request, struct _u_response *response, void *user_data);

struct observer;
struct record;

/* An endpoint of the program, and what stands around it. Written once, before requests come. */
struct site {
  struct site *next;
  struct observer *observer;
  callback_fn *callback; /* NULL: the program has no default endpoint */
  void *user_data;
  struct tel_http_route *route; /* NULL: a default endpoint, where nothing matches */
  unsigned rank;                /* of the endpoints that a request calls, the highest names its route */
};

/* The requests in progress, found by the address of Ulfius's request. Threads seldom meet on a shelf. */
enum { SHELVES = 64 };
struct shelf {
  pthread_mutex_t lock;
  struct record *first;
};

/* What hangs on tel for an instance. */
struct observer {
  struct tel *tel;
  struct _u_instance *instance;
  const char *metrics_path; /* or NULL */
  struct site *sites;
  struct shelf shelves[SHELVES];
};

/* A streamed answer. libmicrohttpd ends it, often after the request's own end. */
struct stream {
  struct record *record;              /* until the record ends */
  struct tel_http_exchange *exchange; /* from then on, unless it has ended too */
  const struct tel_http_route *route;
  unsigned status;
  uint64_t size, bytes;
  bool complete, failed, head;
  ssize_t (*callback)(void *data, uint64_t offset, char *out, size_t max);
  void (*free_data)(void *data);
  void *data;
};

/* One request: from its request line where the hooks are used, else from its first callback. It ends with the
 * last byte of the answer, or when Ulfius has queued the answer and frees the response's shared data. */
struct record {
  struct record *next;
  const struct _u_request *request;
  struct observer *observer;
  struct MHD_Connection *connection; /* NULL: the hooks are not used */
  uint64_t started_ns;
  const struct _u_response *response;
  struct tel_http_exchange *exchange; /* NULL: no callback has run */
  const struct site *site;            /* that names the route */
  struct stream *stream;
  int result; /* of the last callback */
  unsigned status;
  uint64_t bytes;
  bool head, answered, silent;
  void *data; /* the program's own shared data while no callback runs */
  void (*free_data)(void *data);
  char client[INET6_ADDRSTRLEN];
};

/* The observer of an instance that is observed, or NULL. */
struct observer *adapter_observer(const struct _u_instance *instance);

/* Fill and empty the shelves. */
void adapter_records_init(struct observer *observer);
void adapter_records_end(struct observer *observer);
void adapter_records_destroy(struct observer *observer);
struct record *adapter_record_new(struct observer *observer, const struct _u_request *request,
                                  struct MHD_Connection *connection);
/* The record that the hooks made for the request, or NULL. One of an earlier request, whose answer Ulfius
 * could not make, ends here. */
struct record *adapter_record_find(struct observer *observer, const struct _u_request *request);
/* Ends a record of an earlier request at this address, if there is one. */
void adapter_record_forget(struct observer *observer, const struct _u_request *request);
struct record *adapter_record_take(struct observer *observer, const struct _u_request *request);
/* Begins the exchange with what the request says. False when out of memory. */
bool adapter_record_begin(struct record *record);
/* Ulfius's free_shared_data: the answer has been queued. */
void adapter_record_answered(void *cls);
/* The end of all: records and frees. how: as libmicrohttpd tells. */
void adapter_record_end(struct record *record, enum MHD_RequestTerminationCode how);

/* Puts itself around the stream of a response; nothing changes when out of memory. */
void adapter_stream_wrap(struct record *record, struct _u_response *response);

#endif
