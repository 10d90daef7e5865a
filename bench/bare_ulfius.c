/* SPDX-License-Identifier: MIT */
/* The shop's two routes as an ordinary Ulfius program: it parses the same JSON with jansson and sends the
 * same responses, without telemetry, guards, limits and graceful shutdown. The benchmark compares MiniShop
 * with it. Usage: bare_ulfius PORT POOL, where POOL is the number of epoll threads, or 0 for a thread for
 * each connection. */
#include <jansson.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ulfius.h>

enum { BUCKETS = 1 << 20, LOCKS = 16, ID_SIZE = 25, REPLY_SIZE = 256 };

struct order {
  struct order *next;
  char id[ID_SIZE];
  char sku[64];
  int quantity;
  bool paid;
};

static struct order *buckets[BUCKETS];
static pthread_mutex_t locks[LOCKS];
static _Atomic uint64_t last_id;

static uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

static void make_id(const char *kind, char id[ID_SIZE]) {
  uint64_t number = atomic_fetch_add(&last_id, 1) + 1;
  snprintf(id, ID_SIZE, "%s%016llx%04x", kind, (unsigned long long)mix(number * UINT64_C(0x9e3779b97f4a7c15)),
           (unsigned)(number & 0xffff));
}

static size_t bucket_of(const char *id) {
  size_t hash = 5381;
  for (; *id; id++) hash = hash * 33 + (unsigned char)*id;
  return hash % BUCKETS;
}

static int reply(struct _u_response *response, unsigned status, const char *body) {
  ulfius_set_string_body_response(response, status, body);
  u_map_put(response->map_header, "Content-Type", "application/json");
  return U_CALLBACK_COMPLETE;
}

static json_t *parse(const struct _u_request *request) {
  json_t *json = json_loadb(request->binary_body, request->binary_body_length, JSON_REJECT_DUPLICATES, NULL);
  if (json_is_object(json)) return json;
  json_decref(json);
  return NULL;
}

static int create_order(const struct _u_request *request, struct _u_response *response, void *cls) {
  char body[REPLY_SIZE], location[64];
  (void)cls;
  json_t *json = parse(request);
  const char *sku = json_string_value(json_object_get(json, "sku"));
  json_int_t quantity = json_integer_value(json_object_get(json, "quantity"));
  struct order *order = sku && quantity > 0 && quantity <= 100 ? calloc(1, sizeof *order) : NULL;
  if (!order) {
    json_decref(json);
    return reply(response, 400, "{\"error\":\"sku and quantity are required\"}");
  }
  make_id("ord_", order->id);
  snprintf(order->sku, sizeof order->sku, "%s", sku);
  order->quantity = (int)quantity;
  json_decref(json);
  snprintf(body, sizeof body, "{\"order_id\":\"%s\",\"sku\":\"%s\",\"quantity\":%d,\"status\":\"created\"}",
           order->id, order->sku, order->quantity);
  snprintf(location, sizeof location, "/order/%s", order->id);
  size_t bucket = bucket_of(order->id);
  pthread_mutex_lock(&locks[bucket % LOCKS]);
  order->next = buckets[bucket];
  buckets[bucket] = order;
  pthread_mutex_unlock(&locks[bucket % LOCKS]);
  u_map_put(response->map_header, "Location", location);
  return reply(response, 201, body);
}

/* Marks the order as paid. Returns false if it is unknown or already paid. */
static bool pay(const char *id) {
  size_t bucket = bucket_of(id);
  pthread_mutex_lock(&locks[bucket % LOCKS]);
  struct order *order = buckets[bucket];
  while (order && strcmp(order->id, id) != 0) order = order->next;
  bool payable = order && !order->paid;
  if (payable) order->paid = true;
  pthread_mutex_unlock(&locks[bucket % LOCKS]);
  return payable;
}

static int pay_order(const struct _u_request *request, struct _u_response *response, void *cls) {
  char body[REPLY_SIZE], payment_id[ID_SIZE];
  (void)cls;
  json_t *json = parse(request);
  const char *id = json_string_value(json_object_get(json, "order_id"));
  if (!id || !pay(id)) {
    json_decref(json);
    return reply(response, id ? 409 : 400, "{\"error\":\"the order is unknown or already paid\"}");
  }
  make_id("pay_", payment_id);
  snprintf(body, sizeof body, "{\"order_id\":\"%s\",\"payment_id\":\"%s\",\"status\":\"paid\"}", id,
           payment_id);
  json_decref(json);
  return reply(response, 200, body);
}

/* The modes of MiniShop: poll() and a thread for each connection, or a pool of epoll threads. */
static int start(struct _u_instance *instance, unsigned pool) {
  struct MHD_OptionItem options[] = {{MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)mhd_request_completed, NULL},
                                     {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)ulfius_uri_logger, NULL},
                                     {MHD_OPTION_SOCK_ADDR, 0, instance->bind_address},
                                     {pool > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, pool, NULL},
                                     {MHD_OPTION_END, 0, NULL}};
  unsigned mode =
      pool ? MHD_USE_EPOLL_INTERNAL_THREAD : MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL_INTERNAL_THREAD;
  return ulfius_start_framework_with_mhd_options(instance, mode, options);
}

int main(int argc, char **argv) {
  struct _u_instance instance;
  sigset_t end;
  if (argc != 3) {
    fprintf(stderr, "usage: bare_ulfius PORT POOL\n");
    return 2;
  }
  uint16_t port = (uint16_t)strtoul(argv[1], NULL, 10);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  for (int i = 0; i < LOCKS; i++) pthread_mutex_init(&locks[i], NULL);
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  sigaddset(&end, SIGINT);
  pthread_sigmask(SIG_BLOCK, &end, NULL);
  signal(SIGPIPE, SIG_IGN);
  if (ulfius_init_instance(&instance, port, &address, NULL) != U_OK ||
      ulfius_add_endpoint_by_val(&instance, "POST", "/order", NULL, 0, create_order, NULL) != U_OK ||
      ulfius_add_endpoint_by_val(&instance, "POST", "/payment/pay", NULL, 0, pay_order, NULL) != U_OK ||
      start(&instance, (unsigned)strtoul(argv[2], NULL, 10)) != U_OK) {
    fprintf(stderr, "bare_ulfius: cannot listen on port %u\n", port);
    return 1;
  }
  int signal;
  sigwait(&end, &signal);
  ulfius_stop_framework(&instance);
  ulfius_clean_instance(&instance);
  return 0;
}
