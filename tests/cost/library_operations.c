/* The library's operations as a request performs them, each in two threads: one repeats it WARM times, the
 * other MORE times more. What the second one spends beyond the first one is the cost of MORE operations.
 * Prints the names in the order of their threads. Nothing is started, so no other thread runs. With "build"
 * as argument it prints what build this is: "optimized", "unoptimized", or "uncountable". */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tel/telemetry.h>

#include "cost/countable.h"

enum { WARM = 50, MORE = 1000 };

static struct tel *tel;
static struct tel_counter *counter;
static struct tel_histogram *histogram;
static pthread_barrier_t over;

static const struct tel_context context = {{1, 2, 3}, {4, 5}, TEL_FLAG_SAMPLED, false};

static void add_counter(void) {
  tel_counter_add(counter, 1);
}

static void observe(void) {
  tel_histogram_observe(histogram, 0.007, &context);
}

static void make_span(void) {
  struct tel_span *span = tel_span_start(tel_tracer(tel), "CreateOrder", TEL_SPAN_SERVER, NULL, NULL, 0);
  struct tel_attributes *attributes = tel_span_attributes(span);
  tel_attributes_set_static(attributes, "http.request.method", "POST");
  tel_attributes_set_string(attributes, "url.path", "/order");
  tel_attributes_set_static(attributes, "url.scheme", "http");
  tel_attributes_set_static(attributes, "http.route", "/order");
  tel_attributes_set_int(attributes, "http.response.status_code", 201);
  tel_attributes_set_string(attributes, "server.address", "127.0.0.1");
  tel_attributes_set_int(attributes, "server.port", 8080);
  tel_attributes_set_string(attributes, "client.address", "127.0.0.1");
  tel_attributes_set_int(attributes, "network.peer.port", 51234);
  tel_attributes_set_static(attributes, "network.protocol.version", "1.1");
  tel_attributes_set_string(attributes, "user_agent.original", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)");
  tel_attributes_set_string(attributes, "shop.order.id", "ord_01hzy3v7k2m4n6p8q0rs");
  tel_attributes_set_string(attributes, "shop.sku", "mug");
  tel_attributes_set_int(attributes, "shop.quantity", 2);
  tel_span_end(span, 0);
}

static void write_line(void) {
  struct tel_log_record *record = tel_log_begin(tel_logger(tel), TEL_INFO);
  struct tel_attributes *fields = tel_log_fields(record);
  tel_log_context(record, &context);
  tel_attributes_set_string(fields, "request_id", "0f3c1a9e5b7d4826");
  tel_attributes_set_static(fields, "method", "POST");
  tel_attributes_set_static(fields, "route", "/payment/pay");
  tel_attributes_set_string(fields, "path", "/payment/pay");
  tel_attributes_set_int(fields, "status", 402);
  tel_attributes_set_double(fields, "duration_ms", 25.731204);
  tel_attributes_set_int(fields, "request_bytes", 51);
  tel_attributes_set_int(fields, "response_bytes", 318);
  tel_attributes_set_string(fields, "client", "127.0.0.1");
  tel_attributes_set_string(fields, "user_agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)");
  tel_attributes_set_string(fields, "order_id", "01936a3c-8f7e-7c11-9b53-1f2e3d4c5b6a");
  tel_attributes_set_string(fields, "sku", "mug");
  tel_attributes_set_int(fields, "quantity", 2);
  tel_attributes_set_static(fields, "reason", "card_declined");
  tel_attributes_set_string(fields, "detail", "the provider said: \"declined\"");
  tel_attributes_set_double(fields, "charge_ms", 25.118733);
  tel_log_message(record, "payment failed");
}

static const struct operation {
  const char *name;
  void (*run)(void);
} operations[] = {{"counter", add_counter},
                  {"histogram with exemplar", observe},
                  {"span of 14 attributes", make_span},
                  {"log line of 16 fields", write_line}};

enum { OPERATIONS = sizeof operations / sizeof *operations, THREADS = 2 * OPERATIONS };

static struct work {
  const struct operation *operation;
  unsigned times;
  pthread_t thread;
  pthread_barrier_t done;
} works[THREADS];

/* The thread stays until all are done: valgrind gives a thread the number of one that has ended. */
static void *work(void *cls) {
  struct work *work = cls;
  void *volatile listed = malloc(1); /* count_allocations.c lists threads that allocate */
  free(listed);
  for (unsigned i = 0; i < work->times; i++) work->operation->run();
  pthread_barrier_wait(&work->done);
  pthread_barrier_wait(&over);
  return NULL;
}

static const char *build(void) {
  if (!COST_COUNTABLE) return "uncountable";
#ifdef __OPTIMIZE__
  return "optimized";
#else
  return "unoptimized";
#endif
}

int main(int argc, char **argv) {
  static const double buckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1,
                                   0.25,  0.5,    0.75,  1,    2.5,   5,    7.5,   10};
  static const struct tel_metric table[] = {
      {.type = TEL_METRIC_COUNTER, .name = "c_total", .counter = &counter},
      {.type = TEL_METRIC_HISTOGRAM,
       .name = "h",
       .buckets = buckets,
       .bucket_count = sizeof buckets / sizeof *buckets,
       .histogram = &histogram},
  };
  if (argc > 1 && strcmp(argv[1], "build") == 0) return puts(build()) < 0;
  tel = tel_new("cost", "1");
  if (!tel || tel_register(tel, table, sizeof table / sizeof *table) != 0) return EXIT_FAILURE;
  pthread_barrier_init(&over, NULL, THREADS + 1);
  for (unsigned i = 0; i < THREADS; i++) {
    works[i].operation = &operations[i / 2];
    works[i].times = i % 2 == 0 ? WARM : WARM + MORE;
    pthread_barrier_init(&works[i].done, NULL, 2);
    if (pthread_create(&works[i].thread, NULL, work, &works[i]) != 0) return EXIT_FAILURE;
    pthread_barrier_wait(&works[i].done);
    if (i % 2) fprintf(stderr, "operation %s\n", works[i].operation->name);
  }
  pthread_barrier_wait(&over);
  for (unsigned i = 0; i < THREADS; i++) pthread_join(works[i].thread, NULL);
  tel_free(tel, 0);
  return EXIT_SUCCESS;
}
