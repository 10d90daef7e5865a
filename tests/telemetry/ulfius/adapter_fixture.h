/* SPDX-License-Identifier: MIT */
/* An Ulfius program with two endpoints, and its client. */
#ifndef TELEMETRY_ULFIUS_ADAPTER_FIXTURE_H
#define TELEMETRY_ULFIUS_ADAPTER_FIXTURE_H

#include <stdio.h>
#include <string.h>
#include <tel/scrape.h>
#include <tel/telemetry.h>
#include <tel/ulfius.h>

#include "support/loopback.h"
#include "support/test.h"

static struct _u_instance instance;
static unsigned port;

static inline int hello(const struct _u_request *request, struct _u_response *response, void *cls) {
  (void)request, (void)cls;
  tel_attributes_set_string(tel_ulfius_fields(response), "said", "hello");
  ulfius_set_string_body_response(response, 200, "hello");
  return U_CALLBACK_CONTINUE;
}

static inline void prepare(void) {
  static struct sockaddr_in at;
  setenv("OTEL_TRACES_EXPORTER", "none", 1);
  port = loopback_free_port();
  at = loopback_address(port);
  ck_assert_int_eq(ulfius_init_instance(&instance, port, &at, NULL), U_OK);
  ck_assert_int_eq(ulfius_add_endpoint_by_val(&instance, "GET", "/hello", "/:name", 0, hello, NULL), U_OK);
  ck_assert_int_eq(ulfius_add_endpoint_by_val(&instance, "GET", "/hello", "*", 1, hello, NULL), U_OK);
}

/* Returns the answer as a text. headers: lines. Makes no assertion, because check allocates. */
static inline void ask_with(const char *target, const char *headers, char *reply, size_t size) {
  char request[512];
  snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: a\r\n%s\r\n", target, headers);
  loopback_ask(port, request, reply, size);
}

static inline void ask(const char *target, char *reply, size_t size) {
  ask_with(target, "", reply, size);
}

/* True if the metrics that the library has now contain the text. */
static inline bool counted(struct tel *tel, const char *text) {
  struct tel_scrape scrape;
  ck_assert_int_eq(tel_scrape(tel_registry(tel), NULL, NULL, &scrape), 0);
  bool found = memmem(scrape.body, scrape.size, text, strlen(text)) != NULL;
  tel_scrape_free(&scrape);
  return found;
}

static inline bool is_restored(void) {
  for (int i = 0; i < instance.nb_endpoints; i++)
    if (instance.endpoint_list[i].callback_function != hello) return false;
  return true;
}

/* Serves a request and returns the response. The instance may be observed by tel, or by none. */
static inline bool serves(const char *target, const char *says) {
  char reply[1024];
  if (ulfius_start_framework(&instance) != U_OK) return false;
  ask(target, reply, sizeof reply);
  ulfius_stop_framework(&instance);
  return strstr(reply, says) != NULL;
}

#endif
