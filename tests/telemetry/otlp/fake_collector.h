/* SPDX-License-Identifier: MIT */
/* A collector for tests of the exporter: listens on a free port of 127.0.0.1 and responds to each
 * request as told. */
#ifndef TELEMETRY_OTLP_FAKE_COLLECTOR_H
#define TELEMETRY_OTLP_FAKE_COLLECTOR_H

#include <stddef.h>
#include <stdint.h>

struct fake_collector;

/* How one request is answered. All zero: 200 with an empty body. */
struct fake_answer {
  int status;
  const char *header, *header_value;
  const char *body;
  size_t body_len;
};

/* The n-th request (from 0) gets the n-th answer; further ones get the last. The answers must stay valid.
 * port 0: a free port. Aborts if it cannot start. */
struct fake_collector *fake_collector_new(uint16_t port, const struct fake_answer *answers, size_t count);
void fake_collector_free(struct fake_collector *collector);
uint16_t fake_collector_port(const struct fake_collector *collector);
const char *fake_collector_url(const struct fake_collector *collector);

/* The number of requests whose body has arrived. */
size_t fake_collector_requests(struct fake_collector *collector);
/* Waits until this many requests have arrived. */
void fake_collector_wait(struct fake_collector *collector, size_t requests);
/* The body of a request and a copy of one of its headers ("" if absent), valid until the free. */
const void *fake_collector_body(struct fake_collector *collector, size_t request, size_t *len);
/* How many connections there have been. */
size_t fake_collector_connections(struct fake_collector *collector);
const char *fake_collector_header(struct fake_collector *collector, size_t request, const char *name);

#endif
