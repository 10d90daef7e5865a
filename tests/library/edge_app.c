/* SPDX-License-Identifier: MIT */
/* An Ulfius program of edge cases: edge_app PORT [observe | start | hooks] [no-default] [ipv6]. The test
 * compares its responses with and without telemetry. Ends at the end of its standard input. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tel/telemetry.h>
#include <tel/ulfius.h>

#define HANDLER(name)                                                                                        \
  static int name(const struct _u_request *request, struct _u_response *response, void *cls)
#define UNUSED (void)request, (void)response, (void)cls

HANDLER(returns) {
  UNUSED;
  ulfius_set_string_body_response(response, 202, "own body");
  u_map_put(response->map_header, "X-Own", "yes");
  return *(const int *)cls;
}

HANDLER(chain_first) {
  UNUSED;
  ulfius_set_response_shared_data(response, strdup("from the first"), free);
  return U_CALLBACK_CONTINUE;
}

HANDLER(chain_second) {
  UNUSED;
  ulfius_set_string_body_response(response, 200, response->shared_data ? response->shared_data : "nothing");
  if (request->callback_position == 2) /* replaces, and so frees, what the first one set */
    ulfius_set_response_shared_data(response, strdup("from the second"), free);
  return U_CALLBACK_CONTINUE;
}

HANDLER(ignores) {
  UNUSED;
  return U_CALLBACK_IGNORE;
}

/* A program may set the data without a function that frees it. */
HANDLER(borrowed) {
  UNUSED;
  static char text[] = "borrowed";
  response->shared_data = text;
  return U_CALLBACK_CONTINUE;
}

HANDLER(refuses) {
  UNUSED;
  response->auth_realm = strdup("edge");
  ulfius_set_string_body_response(response, 200, "who are you?");
  return u_map_get_case(request->map_header, "Authorization") ? U_CALLBACK_CONTINUE : U_CALLBACK_UNAUTHORIZED;
}

static ssize_t stream(void *cls, uint64_t offset, char *out, size_t max) {
  (void)max;
  if (offset >= 3 * 5) return U_STREAM_END;
  memcpy(out, cls, 5);
  return 5;
}

/* Sends blocks until the client leaves. */
static ssize_t endless(void *cls, uint64_t offset, char *out, size_t max) {
  (void)cls, (void)offset;
  memset(out, 'x', max);
  return (ssize_t)max;
}

static ssize_t breaks(void *cls, uint64_t offset, char *out, size_t max) {
  (void)cls, (void)max;
  if (offset) return U_STREAM_ERROR;
  memcpy(out, "five\n", 5);
  return 5;
}

HANDLER(streams_on) {
  UNUSED;
  ulfius_set_stream_response(response, 200, endless, NULL, U_STREAM_SIZE_UNKNOWN, 4096, NULL);
  return U_CALLBACK_CONTINUE;
}

HANDLER(streams_badly) {
  UNUSED;
  ulfius_set_stream_response(response, 200, breaks, NULL, U_STREAM_SIZE_UNKNOWN, 1024, NULL);
  return U_CALLBACK_CONTINUE;
}

HANDLER(streams) {
  UNUSED;
  ulfius_set_stream_response(response, 200, stream, free, U_STREAM_SIZE_UNKNOWN, 1024, strdup("five\n"));
  return U_CALLBACK_CONTINUE;
}

static void socket_talk(const struct _u_request *request, struct _websocket_manager *manager, void *cls) {
  (void)request, (void)cls;
  ulfius_websocket_send_message(manager, U_WEBSOCKET_OPCODE_TEXT, 5, "hello");
}

HANDLER(sockets) {
  UNUSED;
  ulfius_set_websocket_response(response, NULL, NULL, socket_talk, NULL, NULL, NULL, NULL, NULL);
  return U_CALLBACK_CONTINUE;
}

static void socket_tell(const struct _u_request *request, struct _websocket_manager *manager, void *cls) {
  (void)cls;
  const char *position = request->callback_position ? "later" : "first";
  ulfius_websocket_send_message(manager, U_WEBSOCKET_OPCODE_TEXT, 5, position);
}

/* Ulfius does not count this callback. */
HANDLER(sockets_ignored) {
  UNUSED;
  ulfius_set_websocket_response(response, NULL, NULL, socket_tell, NULL, NULL, NULL, NULL, NULL);
  return U_CALLBACK_IGNORE;
}

HANDLER(impossible_status) {
  UNUSED;
  ulfius_set_string_body_response(response, 1, "never sent");
  return U_CALLBACK_COMPLETE;
}

HANDLER(makes_child) {
  UNUSED;
  struct tel *tel = cls;
  struct tel_span *child =
      tel_span_start_child(tel_tracer(tel), "child", TEL_SPAN_INTERNAL, tel_ulfius_span(response));
  if (!tel_ulfius_span(response)) tel_span_end(child, 0), child = NULL;
  tel_span_end(child, 0);
  tel_attributes_set_int(tel_ulfius_fields(response), "answer", 42);
  ulfius_set_string_body_response(response, 200, "child");
  return U_CALLBACK_CONTINUE;
}

HANDLER(default_answer) {
  UNUSED;
  ulfius_set_string_body_response(response, 404, "own not found");
  return U_CALLBACK_COMPLETE;
}

static int results[] = {U_CALLBACK_CONTINUE, U_CALLBACK_IGNORE, U_CALLBACK_COMPLETE, U_CALLBACK_UNAUTHORIZED,
                        U_CALLBACK_ERROR};

static void add_endpoints(struct _u_instance *instance, struct tel *tel) {
  ulfius_add_endpoint_by_val(instance, "*", "/returns", "/continue", 0, returns, &results[0]);
  ulfius_add_endpoint_by_val(instance, "GET", "returns", "ignore", 0, returns, &results[1]);
  ulfius_add_endpoint_by_val(instance, "GET", "/returns/", "/complete/", 0, returns, &results[2]);
  ulfius_add_endpoint_by_val(instance, "GET", "/returns", "/unauthorized", 0, returns, &results[3]);
  ulfius_add_endpoint_by_val(instance, "GET", "/returns", "/error", 0, returns, &results[4]);
  ulfius_add_endpoint_by_val(instance, "GET", "/chain", "*", 0, chain_first, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", "/chain", "/:id", 1, ignores, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", "/chain", "/:id", 2, chain_second, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", "/chain", "/two", 3, chain_second, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", "/borrowed", NULL, 0, borrowed, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", "/borrowed", "*", 1, chain_second, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", "/auth", "*", 0, refuses, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", "/auth", "/inside", 1, returns, &results[2]);
  ulfius_add_endpoint_by_val(instance, "GET", "/ignored", NULL, 0, ignores, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", NULL, "/stream", 0, streams, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", NULL, "/endless", 0, streams_on, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", NULL, "/breaks", 0, streams_badly, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", NULL, "/socket", 0, sockets, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", NULL, "/socket-ignored", 0, sockets_ignored, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", NULL, "/impossible", 0, impossible_status, NULL);
  ulfius_add_endpoint_by_val(instance, "GET", NULL, "/child", 0, makes_child, tel);
}

/* Level 3: libmicrohttpd options of the program's own. */
static int start_with_hooks(struct _u_instance *instance) {
  struct MHD_OptionItem options[] = {
      {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)tel_ulfius_on_message, NULL},
      {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)tel_ulfius_on_completed, instance},
      {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)tel_ulfius_on_uri, instance},
      {MHD_OPTION_SOCK_ADDR, 0, instance->bind_address},
      {MHD_OPTION_THREAD_POOL_SIZE, 2, NULL},
      {MHD_OPTION_END, 0, NULL}};
  return ulfius_start_framework_with_mhd_options(
      instance, MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG | MHD_ALLOW_UPGRADE, options);
}

static bool given(char **argv, const char *word) {
  while (*argv)
    if (strcmp(*argv++, word) == 0) return true;
  return false;
}

static int start(struct tel *tel, struct _u_instance *instance, char **argv) {
  if (given(argv, "start")) return tel_ulfius_start(tel, instance, NULL);
  return given(argv, "hooks") ? start_with_hooks(instance) : ulfius_start_framework(instance);
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in6 address6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  struct _u_instance instance;
  struct tel *tel = NULL;
  bool observe = given(argv, "observe") || given(argv, "start") || given(argv, "hooks");
  char rest[64];
  in_port_t port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "0"));
  address.sin_port = address6.sin6_port = port;
  int error = given(argv, "ipv6")
                  ? ulfius_init_instance_ipv6(&instance, ntohs(port), &address6, U_USE_IPV6, NULL)
                  : ulfius_init_instance(&instance, ntohs(port), &address, NULL);
  if (error != U_OK) return 1;
  u_map_put(instance.default_headers, "X-Default", "always");
  if (observe) tel = tel_new("edge", "1.0");
  add_endpoints(&instance, tel);
  if (!given(argv, "no-default")) ulfius_set_default_endpoint(&instance, default_answer, NULL);
  if (observe) {
    tel_ulfius_observe(tel, &instance);
    tel_ulfius_observe(tel, &instance); /* observing twice has no further effect */
    if (tel_start(tel) != 0) return fprintf(stderr, "%s\n", tel_error(tel)), 1;
  }
  if (start(tel, &instance, argv) != U_OK) return 1;
  while (read(STDIN_FILENO, rest, sizeof rest) > 0) {
  }
  ulfius_stop_framework(&instance);
  tel_free(tel, 5000);
  ulfius_clean_instance(&instance);
  return 0;
}
