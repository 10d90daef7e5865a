/* SPDX-License-Identifier: MIT */
/* Runs the library's operations as a request does, each in two threads. The first repeats it WARM times, the
 * second MORE times more. The difference is the cost of MORE operations. Prints the names in the order of
 * their threads; the library's own threads start before them. Spans and log lines go to standard output. With
 * the argument "build" it prints the kind of this build: "optimized", "unoptimized" or "uncountable". */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tel/telemetry.h>

#include "cost/countable.h"
#include "cost/operations.h"

enum { WARM = 50, MORE = 1000 };

static struct tel *tel;
static pthread_barrier_t over;

static void add_counter(void) {
  tel_counter_add(operation_counter, 1);
}

static void observe(void) {
  tel_histogram_observe(operation_histogram, 0.007, &operation_context);
}

static void make_span(void) {
  operation_span(tel);
}

static void write_line(void) {
  operation_line(tel);
}

static const struct operation {
  const char *name;
  void (*run)(void);
} operations[] = {{"counter", add_counter},
                  {"histogram with exemplar", observe},
                  {"span of 14 attributes", make_span},
                  {"log line of 16 fields", write_line}};

enum { OPERATIONS = sizeof operations / sizeof *operations, THREADS = 1 + 2 * OPERATIONS };

static void run_each(void) {
  for (unsigned i = 0; i < OPERATIONS; i++) operations[i].run();
}

/* Warms up: does the work that only the first thread and the first call do. */
static const struct operation first = {"first", run_each};

static struct work {
  const struct operation *operation;
  unsigned times;
  pthread_t thread;
  pthread_barrier_t done;
} works[THREADS];

/* Each thread stays until all are done, because valgrind reuses the number of an ended thread. */
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
  if (argc > 1 && strcmp(argv[1], "build") == 0) return puts(build()) < 0;
  setenv("OTEL_TRACES_EXPORTER", "console", 1); /* no connection, and no thread for one */
  tel = tel_new("cost", "1");
  if (!tel || operation_register(tel) != 0 || tel_start(tel) != 0) return EXIT_FAILURE;
  pthread_barrier_init(&over, NULL, THREADS + 1);
  for (unsigned i = 0; i < THREADS; i++) {
    works[i].operation = i == 0 ? &first : &operations[(i - 1) / 2];
    works[i].times = i == 0 ? 1 : i % 2 ? WARM : WARM + MORE;
    pthread_barrier_init(&works[i].done, NULL, 2);
    if (pthread_create(&works[i].thread, NULL, work, &works[i]) != 0) return EXIT_FAILURE;
    pthread_barrier_wait(&works[i].done);
    if (i && i % 2 == 0) fprintf(stderr, "operation %s\n", works[i].operation->name);
  }
  pthread_barrier_wait(&over);
  for (unsigned i = 0; i < THREADS; i++) pthread_join(works[i].thread, NULL);
  tel_free(tel, 0);
  return EXIT_SUCCESS;
}
