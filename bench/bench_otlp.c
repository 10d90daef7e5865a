/* What a span costs: nanoseconds to start, fill and end one, as the threads that serve requests see it, and
 * to encode one in batches of 512, with and without gzip, as the exporter's thread does. The least of several
 * runs, as noise only ever adds. No test: it asserts nothing. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "telemetry/batch.h"
#include "telemetry/exposition.h"
#include "telemetry/http/describe.h"
#include "telemetry/otlp_encoder.h"
#include "telemetry/resource.h"
#include "telemetry/span.h"
#include "telemetry/span_counts.h"

enum { BATCH = 512, ROUNDS = 20, RUNS = 20, EACH = 20000, MAX_THREADS = 8, QUEUE = 2048 };

static struct tel_span_counts counts;
static struct tel_tracer tracer = {.counts = &counts};

/* As the server span of an order has them: 14 attributes. */
static struct tel_span *span_of_request(void) {
  static tel_http_parts_place place;
  static const struct tel_key ORDER_ID = TEL_KEY("shop.order.id"), SKU = TEL_KEY("shop.sku"),
                              QUANTITY = TEL_KEY("shop.quantity");
  static const struct tel_http_request request = {.method = "POST",
                                                  .path = "/order",
                                                  .version = "1.1",
                                                  .host = "127.0.0.1:8080",
                                                  .client = "127.0.0.1",
                                                  .client_port = 51234,
                                                  .user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)"};
  struct tel_span *span = tel_span_start(&tracer, "CreateOrder", TEL_SPAN_SERVER, NULL, NULL, 0);
  struct tel_attributes *attributes = tel_span_attributes(span);
  tel_attributes_put_string(attributes, &ORDER_ID, "ord_01hzy3v7k2m4n6p8q0rs");
  tel_attributes_put_string(attributes, &SKU, "mug");
  tel_attributes_put_int(attributes, &QUANTITY, 2);
  tel_http_describe(attributes, &request, "POST", tel_http_parts_get(&place, "POST", "/order", 201));
  return span;
}

static void bench_encoder(void) {
  struct tel_tracing_settings *settings = &tracer.settings;
  struct tel_resource *resource = tel_resource_new(settings, "0.1.0", "4a1c5c1e-3a55-4b0e-8a3f-3b1f4d2f9a10");
  struct tel_otlp_encoder *encoder = tel_otlp_encoder_new(tel_resource_attributes(resource), "shop", "0.1.0");
  struct buf gzip = BUF_INIT(TEL_OTLP_REQUEST_LIMIT);
  struct tel_span *spans[BATCH];
  struct tel_wire wires[BATCH];
  const struct buf *out = NULL;
  uint64_t least = UINT64_MAX, least_gzip = UINT64_MAX;
  for (int i = 0; i < BATCH; i++) {
    spans[i] = span_of_request();
    if (!tel_span_seal(spans[i])) abort();
    wires[i] = spans[i]->wire;
  }
  for (int run = 0; run < RUNS; run++) {
    uint64_t start = clock_mono_ns(), ns;
    for (int round = 0; round < ROUNDS; round++)
      if (tel_otlp_encode(encoder, wires, BATCH, &out)) abort();
    if ((ns = (clock_mono_ns() - start) / (ROUNDS * BATCH)) < least) least = ns;
    start = clock_mono_ns();
    buf_reset(&gzip);
    if (tel_gzip(out->data, out->len, &gzip)) abort();
    if ((ns = (clock_mono_ns() - start) / BATCH) < least_gzip) least_gzip = ns;
  }
  printf("exporter: put a span of %u attributes into a request: %" PRIu64 " ns, %zu bytes\n",
         spans[0]->attributes.count, least, out->len / BATCH);
  printf("compress it:                    %" PRIu64 " ns, %zu bytes\n", least_gzip, gzip.len / BATCH);
  for (int i = 0; i < BATCH; i++) tel_span_release(spans[i]);
  buf_free(&gzip);
  tel_otlp_encoder_free(encoder);
  tel_resource_free(resource);
}

static void take_all(void *cls, const struct tel_wire *spans, size_t count, uint64_t deadline,
                     struct tel_export_result *result) {
  (void)cls;
  (void)spans;
  (void)deadline;
  result->delivered = count;
}

static void *work(void *cls) {
  (void)cls;
  for (int i = 0; i < EACH; i++) tel_span_end(span_of_request(), 0);
  return NULL;
}

static uint64_t run_threads(int threads) {
  pthread_t ids[MAX_THREADS];
  uint64_t start = clock_mono_ns();
  for (int i = 0; i < threads; i++) pthread_create(&ids[i], NULL, work, NULL);
  for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
  uint64_t ns = (clock_mono_ns() - start) / EACH;
  tel_batch_flush(tracer.batch, clock_mono_ns() + CLOCK_NS_PER_S);
  return ns;
}

int main(void) {
  const struct tel_batch_settings batch = {QUEUE, BATCH, 5000, 0, 0};
  const struct tel_exporter exporter = {.export = take_all};
  tel_tracing_settings_init(&tracer.settings);
  tracer.pool = pool_new(QUEUE + BATCH + 256, sizeof(struct tel_span));
  tracer.batch = tel_batch_new(&batch, NULL, &counts);
  if (!tracer.pool || !tracer.batch) return EXIT_FAILURE;
  bench_encoder();
  if (tel_batch_start(tracer.batch, &exporter, NULL)) return EXIT_FAILURE;
  for (int threads = 1; threads <= MAX_THREADS; threads *= 2) {
    uint64_t least = UINT64_MAX;
    for (int run = 0; run < RUNS; run++) {
      uint64_t ns = run_threads(threads);
      if (ns < least) least = ns;
    }
    printf("start, fill, end, %d threads:    %" PRIu64 " ns a span of each\n", threads, least);
  }
  tel_batch_free(tracer.batch, clock_mono_ns() + CLOCK_NS_PER_S);
  pool_free(tracer.pool);
  return EXIT_SUCCESS;
}
