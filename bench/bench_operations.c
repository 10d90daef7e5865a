/* SPDX-License-Identifier: MIT */
/* Measures the cost of the library's operations in nanoseconds, and prints a "VALUE<TAB>NAME" for each on
 * standard error; log lines go to standard output. The result is the minimum of several runs, because noise
 * only adds. For the thread that calls the operation it is the elapsed time; for the threads of the exporter
 * and the log writer it is their CPU time. Spans go to $OTEL_EXPORTER_OTLP_ENDPOINT. It asserts nothing, so
 * it is not a test. */
#define _GNU_SOURCE /* memmem() */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tel/scrape.h>

#include "base/clock.h"
#include "cost/operations.h"

/* Runs are short, so that the scheduler does not interrupt all of them. Each queue has room for a burst. */
enum { RUNS = 200, REPEAT = 100000, BURST = 1024, BURSTS = 100, POLL_MS = 2, FAMILIES = 10, SERIES = 1000 };

static struct tel *tel;

static double now_ns(void) {
  return (double)clock_mono_ns();
}

static void tell(const char *name, double value) {
  fprintf(stderr, "%.1f\t%s\n", value, name);
}

struct adder {
  pthread_barrier_t *ready;
  pthread_t thread;
  double start, end;
};

static void *add(void *cls) {
  struct adder *adder = cls;
  pthread_barrier_wait(adder->ready);
  adder->start = now_ns();
  for (int i = 0; i < REPEAT; i++) tel_counter_add(operation_counter, 1);
  adder->end = now_ns();
  return NULL;
}

/* The nanoseconds that one or two threads need to add REPEAT times each. */
static double add_with(unsigned threads) {
  struct adder adders[2] = {0};
  pthread_barrier_t ready;
  pthread_barrier_init(&ready, NULL, threads);
  for (unsigned i = 0; i < threads; i++) {
    adders[i].ready = &ready;
    if (pthread_create(&adders[i].thread, NULL, add, &adders[i]) != 0) abort();
  }
  for (unsigned i = 0; i < threads; i++) pthread_join(adders[i].thread, NULL);
  pthread_barrier_destroy(&ready);
  double start = adders[0].start, end = adders[0].end;
  if (threads == 2 && adders[1].start < start) start = adders[1].start;
  if (threads == 2 && adders[1].end > end) end = adders[1].end;
  return end - start;
}

static void bench_counter(void) {
  double one = 1e18, two = 1e18;
  for (int run = 0; run < RUNS; run++) {
    double ns = add_with(1);
    if (ns < one) one = ns;
    if ((ns = add_with(2)) < two) two = ns;
  }
  tell("counter", one / REPEAT);
  tell("counter, two threads against one", 2 * one / two);
}

static void bench_histogram(void) {
  double least = 1e18;
  for (int run = 0; run < RUNS; run++) {
    double start = now_ns();
    for (int i = 0; i < REPEAT; i++)
      tel_histogram_observe(operation_histogram, (double)(i % 32) * 0.002, &operation_context);
    double ns = now_ns() - start;
    if (ns < least) least = ns;
  }
  tell("histogram with exemplar", least / REPEAT);
}

static double cpu_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The CPU time of all other threads of the process, in user space and in the kernel. The kernel estimates
 * how that time is divided between the two from samples, so a difference of two such estimates can be
 * negative. */
static double others_cpu_ns(void) {
  return cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* Waits until the scrape has this line. */
static void wait_for(const char *line) {
  for (bool found = false; !found;) {
    struct tel_scrape scrape;
    clock_sleep_ns(POLL_MS * CLOCK_NS_PER_MS);
    if (tel_scrape(tel_registry(tel), NULL, NULL, &scrape) != 0) abort();
    found = memmem(scrape.body, scrape.size, line, strlen(line));
    tel_scrape_free(&scrape);
  }
}

/* queue_empty: the line of the scrape when the queue of the operation is empty. */
static void bench_bursts(const char *name, const char *queue_empty, void (*operation)(struct tel *tel)) {
  char text[80];
  double least = 1e18, others = others_cpu_ns();
  for (int burst = 0; burst < BURSTS; burst++) {
    double start = now_ns();
    for (int i = 0; i < BURST; i++) operation(tel);
    double ns = now_ns() - start;
    if (ns < least) least = ns;
    wait_for(queue_empty);
  }
  snprintf(text, sizeof text, "%s, request's thread", name);
  tell(text, least / BURST);
  snprintf(text, sizeof text, "%s, other thread", name);
  tell(text, (others_cpu_ns() - others) / BURSTS / BURST);
}

static void make_series(void) {
  static const char *const labels[] = {"method", "number"};
  for (int f = 0; f < FAMILIES; f++) {
    char name[32], number[32];
    struct tel_family *family;
    struct tel_counter *series;
    snprintf(name, sizeof name, "f%d_total", f);
    const struct tel_family_spec spec = {.name = name, .help = "Counts.", .labels = labels, .label_count = 2};
    if (tel_counter_family(tel_registry(tel), &spec, &family) != 0) abort();
    for (int s = 0; s < SERIES; s++) {
      snprintf(number, sizeof number, "%d", s);
      if (tel_counter_series(family, (const char *const[]){"POST", number}, &series) != 0) abort();
      tel_counter_add(series, (uint64_t)s * 1000003);
    }
  }
}

static void bench_scrape(void) {
  double least = 1e18;
  make_series();
  for (int run = 0; run < RUNS; run++) {
    struct tel_scrape scrape;
    double start = now_ns();
    if (tel_scrape(tel_registry(tel), NULL, NULL, &scrape) != 0) abort();
    double ns = now_ns() - start;
    if (ns < least) least = ns;
    tel_scrape_free(&scrape);
  }
  tell("exposition of 10,000 series", least);
}

int main(void) {
  tel = tel_new("bench", "1");
  if (!tel || operation_register(tel) != 0) return EXIT_FAILURE;
  if (tel_start(tel) != 0) {
    fprintf(stderr, "bench_operations: %s\n", tel_error(tel));
    return EXIT_FAILURE;
  }
  bench_counter();
  bench_histogram();
  bench_bursts("span of 14 attributes", "\ntelemetry_span_queue_size 0\n", operation_span);
  bench_bursts("log line of 16 fields", "\ntelemetry_log_queue_size 0\n", operation_line);
  bench_scrape();
  return tel_free(tel, 5000) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
