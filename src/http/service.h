/* SPDX-License-Identifier: MIT */
/* MiniShop's HTTP interface on the server: the route table, its handlers and the observation of every
 * request. */
#ifndef HTTP_SERVICE_H
#define HTTP_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/server.h"
#include "shop/shop.h"
#include "tel/log.h"
#include "tel/metrics.h"
#include "tel/trace.h"
#include "telemetry/recent/recent.h"

struct http_service_settings {
  struct server_settings server;
  const double *buckets; /* of request_duration_seconds, in seconds, ascending */
  size_t bucket_count;
  const char *version, *commit, *compiler; /* for /version and minishop_build_info; static */
};

/* The parts that the service uses. All outlive it. registry NULL: metrics are off, /metrics returns 404. */
struct http_service_parts {
  struct shop *shop;
  struct tel_registry *registry;
  struct tel_tracer *tracer;
  struct tel_recent *recent; /* NULL: no traces are kept, /debug/tracez returns 404 */
  struct tel_logger *logger;
};

struct http_service;

/* Registers the request metrics and binds the socket. Starts no thread, so that the process can then drop its
 * privileges. Returns 0, or -1 with a message for people in error. */
int http_service_new(const struct http_service_settings *settings, const struct http_service_parts *parts,
                     struct http_service **out, struct error *error);
/* Starts to serve. /readyz returns 503 until http_service_set_ready(). Returns 0, or -1 with a message in
 * error. */
int http_service_start(struct http_service *service, struct error *error);
/* Sets the response of /readyz. */
void http_service_set_ready(struct http_service *service, bool ready);
/* The address it listens on, with the port that the system may have chosen. */
const struct address *http_service_address(const struct http_service *service);
/* Becomes not ready, refuses new requests, and waits until the deadline (clock_mono_ns()) for requests in
 * flight. Returns how many are still in flight. */
unsigned http_service_drain(struct http_service *service, uint64_t deadline_mono_ns);
/* Stops and frees the service. Accepts NULL. */
void http_service_free(struct http_service *service);

#endif
