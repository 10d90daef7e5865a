/* What a log line costs: nanoseconds that the writer takes for one, and, as the threads that serve requests
 * see it, to fill one and hand it over, through yder and without it, while the writer writes to a file. The
 * least of several runs, as noise only ever adds. No test: it asserts nothing. Argument: where the lines go
 * (/dev/null). */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tel/log.h"
#include "telemetry/http/describe.h"
#include "telemetry/log_json.h"

enum { LINES = 10000, RUNS = 20, MAX_THREADS = 8, QUEUE = 8192 };

static struct tel_logger *logger;
static pthread_barrier_t ready;

/* A wide event as a request writes it: 16 fields besides the line's own, three of them prepared as a whole.
 */
static void fill(struct tel_attributes *fields) {
  static tel_http_parts_place place;
  static const struct tel_key REQUEST_ID = TEL_KEY("request_id"), PATH = TEL_KEY("path"),
                              DURATION = TEL_KEY("duration_ms"), REQUEST_BYTES = TEL_KEY("request_bytes"),
                              RESPONSE_BYTES = TEL_KEY("response_bytes"), CLIENT = TEL_KEY("client"),
                              USER_AGENT = TEL_KEY("user_agent"), ORDER_ID = TEL_KEY("order_id"),
                              SKU = TEL_KEY("sku"), QUANTITY = TEL_KEY("quantity"),
                              REASON = TEL_KEY("reason"), DETAIL = TEL_KEY("detail"),
                              CHARGE = TEL_KEY("charge_ms");
  tel_http_describe_line(fields, tel_http_parts_get(&place, "POST", "/payment/pay", 402));
  tel_attributes_put_string(fields, &REQUEST_ID, "0f3c1a9e5b7d4826");
  tel_attributes_put_string(fields, &PATH, "/payment/pay");
  tel_attributes_put_double(fields, &DURATION, 25.731204);
  tel_attributes_put_int(fields, &REQUEST_BYTES, 51);
  tel_attributes_put_int(fields, &RESPONSE_BYTES, 318);
  tel_attributes_put_string(fields, &CLIENT, "127.0.0.1");
  tel_attributes_put_string(fields, &USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101");
  tel_attributes_put_string(fields, &ORDER_ID, "01936a3c-8f7e-7c11-9b53-1f2e3d4c5b6a");
  tel_attributes_put_string(fields, &SKU, "mug");
  tel_attributes_put_int(fields, &QUANTITY, 2);
  tel_attributes_put_string(fields, &REASON, "card_declined");
  tel_attributes_put_string(fields, &DETAIL, "the provider said: \"declined\"");
  tel_attributes_put_double(fields, &CHARGE, 25.118733);
}

static const struct tel_context context = {{1, 2, 3}, {4, 5}, TEL_FLAG_SAMPLED, false};

/* What the writer does with a line, apart from the write itself. */
static uint64_t copy(void) {
  struct tel_log_encoder encoder;
  struct tel_log_record record;
  struct buf out = BUF_INIT(1 << 20);
  if (!tel_log_encoder_init(&encoder, "minishop", "0.1.0", "4a1c5c1e-3a55-4b0e-8a3f-3b1f4d2f9a10")) abort();
  tel_log_record_init(&record, NULL, TEL_WARN);
  record.message = "payment failed";
  tel_log_context(&record, &context);
  fill(&record.fields);
  if (!tel_log_seal(&encoder, &record)) abort();
  uint64_t start = clock_mono_ns();
  for (unsigned i = 0; i < LINES; i++) {
    if (i % 256 == 0) buf_reset(&out);
    buf_append(&out, record.line, record.line_len);
  }
  uint64_t ns = clock_mono_ns() - start;
  tel_attributes_clear(&record.fields);
  tel_log_encoder_free(&encoder);
  buf_free(&out);
  return ns / LINES;
}

struct run {
  uint64_t ns;
  pthread_t thread;
};

static void *log_lines(void *cls) {
  struct run *run = cls;
  pthread_barrier_wait(&ready);
  uint64_t start = clock_mono_ns();
  for (unsigned i = 0; i < QUEUE / MAX_THREADS; i++) { /* what the queue holds: none is dropped */
    struct tel_log_record *record = tel_log_begin(logger, TEL_WARN);
    tel_log_context(record, &context);
    fill(tel_log_fields(record));
    tel_log_message(record, "payment failed");
  }
  run->ns = (clock_mono_ns() - start) / (QUEUE / MAX_THREADS);
  return NULL;
}

static uint64_t hand_over(const char *file, unsigned threads, bool through_yder) {
  struct tel_log_settings settings = {.enabled = true,
                                      .level = TEL_INFO,
                                      .file = file,
                                      .queue_size = QUEUE,
                                      .app = "minishop",
                                      .version = "0.1.0",
                                      .instance = "4a1c5c1e-3a55-4b0e-8a3f-3b1f4d2f9a10"};
  struct run runs[MAX_THREADS];
  uint64_t sum = 0;
  if (tel_logger_new(&settings, NULL, &logger) != 0 || tel_logger_start(logger) != 0) exit(EXIT_FAILURE);
  if (through_yder && tel_log_install(logger) != 0) exit(EXIT_FAILURE);
  pthread_barrier_init(&ready, NULL, threads);
  for (unsigned i = 0; i < threads; i++) pthread_create(&runs[i].thread, NULL, log_lines, &runs[i]);
  for (unsigned i = 0; i < threads; i++) {
    pthread_join(runs[i].thread, NULL);
    sum += runs[i].ns;
  }
  pthread_barrier_destroy(&ready);
  if (tel_logger_free(logger, clock_mono_ns() + 10 * CLOCK_NS_PER_S) != 0) exit(EXIT_FAILURE);
  return sum / threads;
}

int main(int argc, char **argv) {
  const char *file = argc > 1 ? argv[1] : "/dev/null";
  uint64_t best = UINT64_MAX;
  for (int run = 0; run < RUNS; run++) {
    uint64_t ns = copy();
    if (ns < best) best = ns;
  }
  printf("writer: put a line behind others: %llu ns\n", (unsigned long long)best);
  for (unsigned threads = 1; threads <= MAX_THREADS; threads *= 2)
    for (int yder = 0; yder < 2; yder++) {
      best = UINT64_MAX;
      for (int run = 0; run < RUNS; run++) {
        uint64_t ns = hand_over(file, threads, yder);
        if (ns < best) best = ns;
      }
      printf("fill and hand over a record, %u threads, %s: %llu ns\n", threads,
             yder ? "through yder" : "directly", (unsigned long long)best);
    }
  return EXIT_SUCCESS;
}
