/* What recording costs: nanoseconds an operation, as one thread sees it, with 1, 2 and 8 threads on the same
 * series. The least of several runs, as noise only ever adds. No test: it asserts nothing. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "telemetry/exposition.h"
#include "telemetry/metrics_model.h"
#include "telemetry/process.h"

enum { OPERATIONS = 1000000, RUNS = 5, MAX_THREADS = 8, SCRAPES = 200 };

static struct tel_registry *registry;
static struct tel_counter *counter;
static struct tel_gauge *gauge;
static struct tel_histogram *histogram;
static pthread_barrier_t ready;

static void add_counter(unsigned i) {
  (void)i;
  tel_counter_add(counter, 1);
}

static void add_gauge(unsigned i) {
  tel_gauge_add(gauge, i % 2 ? 1 : -1);
}

static void observe(unsigned i) {
  tel_histogram_observe(histogram, (double)(i % 32) * 0.002, NULL);
}

static void observe_exemplar(unsigned i) {
  static const struct tel_context context = {{1}, {2}, TEL_FLAG_SAMPLED, false};
  tel_histogram_observe(histogram, (double)(i % 32) * 0.002, &context);
}

static const struct bench {
  const char *name;
  void (*operation)(unsigned i);
} benches[] = {{"counter add", add_counter},
               {"gauge add", add_gauge},
               {"histogram observe", observe},
               {"observe with exemplar", observe_exemplar}};

struct run {
  const struct bench *bench;
  uint64_t ns;
  pthread_t thread;
};

static void *measure(void *cls) {
  struct run *run = cls;
  void (*operation)(unsigned) = run->bench->operation;
  pthread_barrier_wait(&ready);
  uint64_t start = clock_mono_ns();
  for (unsigned i = 0; i < OPERATIONS; i++) operation(i);
  run->ns = clock_mono_ns() - start;
  return NULL;
}

/* The mean over the threads of one run. */
static double run_threads(const struct bench *bench, unsigned threads) {
  struct run runs[MAX_THREADS];
  uint64_t total = 0;
  pthread_barrier_init(&ready, NULL, threads);
  for (unsigned i = 0; i < threads; i++) {
    runs[i].bench = bench;
    if (pthread_create(&runs[i].thread, NULL, measure, &runs[i]) != 0) abort();
  }
  for (unsigned i = 0; i < threads; i++) {
    pthread_join(runs[i].thread, NULL);
    total += runs[i].ns;
  }
  pthread_barrier_destroy(&ready);
  return (double)total / threads / OPERATIONS;
}

static double least(const struct bench *bench, unsigned threads) {
  double best = run_threads(bench, threads);
  for (int i = 1; i < RUNS; i++) {
    double ns = run_threads(bench, threads);
    if (ns < best) best = ns;
  }
  return best;
}

static int make_series(void) {
  static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.3, 0.4,
                                  0.5,   0.6,    0.75,  1,    1.5,   2,    2.5,   5,   7.5,  10};
  struct tel_family *family;
  registry = tel_registry_new(NULL);
  if (!registry) return TEL_E_MEMORY;
  int error = tel_counter_family(registry, &(struct tel_family_spec){.name = "c_total"}, &family);
  if (!error) error = tel_counter_series(family, NULL, &counter);
  if (!error) error = tel_gauge_family(registry, &(struct tel_family_spec){.name = "g"}, &family);
  if (!error) error = tel_gauge_series(family, NULL, &gauge);
  struct tel_family_spec spec = {.name = "h",
                                 .labels = (const char *const[]){"n"},
                                 .label_count = 1,
                                 .buckets = bounds,
                                 .bucket_count = 16};
  if (!error) error = tel_histogram_family(registry, &spec, &family);
  for (char name[2] = "a"; name[0] <= 'j' && !error; name[0]++)
    error = tel_histogram_series(family, (const char *const[]){name}, &histogram);
  return error ? error : tel_process_register(registry);
}

static void scrapes(void) {
  uint64_t start = clock_mono_ns(), zip_ns = 0;
  size_t len = 0, zipped_len = 0;
  for (int i = 0; i < SCRAPES; i++) {
    struct buf out = BUF_INIT(SIZE_MAX), zipped = BUF_INIT(SIZE_MAX);
    int error = tel_exposition_write(registry, TEL_FORMAT_OPENMETRICS, &out);
    uint64_t zip_start = clock_mono_ns();
    if (!error) error = tel_gzip(out.data, out.len, &zipped);
    if (error) abort();
    zip_ns += clock_mono_ns() - zip_start;
    len = out.len;
    zipped_len = zipped.len;
    buf_free(&out);
    buf_free(&zipped);
  }
  uint64_t write_ns = clock_mono_ns() - start - zip_ns;
  printf("%-24s %8.1f us for %zu bytes\n", "exposition", (double)write_ns / SCRAPES / 1000, len);
  printf("%-24s %8.1f us to %zu bytes\n", "gzip", (double)zip_ns / SCRAPES / 1000, zipped_len);
}

int main(void) {
  int error = make_series();
  if (error) {
    fprintf(stderr, "%s\n", tel_error_text(error));
    return EXIT_FAILURE;
  }
  printf("%-24s %8s %8s %8s  ns an operation\n", "threads", "1", "2", "8");
  for (size_t i = 0; i < sizeof benches / sizeof *benches; i++)
    printf("%-24s %8.1f %8.1f %8.1f\n", benches[i].name, least(&benches[i], 1), least(&benches[i], 2),
           least(&benches[i], 8));
  scrapes();
  tel_registry_free(registry);
  return EXIT_SUCCESS;
}
