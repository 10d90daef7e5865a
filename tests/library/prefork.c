/* SPDX-License-Identifier: MIT */
/* prefork CHILDREN: a process with telemetry forks. Then each process starts telemetry, the parent last. Each
 * child checks its own metrics; the test compares everything that all of them exported and logged. */
#include <sys/wait.h>

#include "check.h"

enum { WORK = 20, AT_ONCE = 10 };

static struct tel_counter *works;
static const struct tel_metric table[] = {
    {.type = TEL_METRIC_COUNTER, .name = "works_total", .help = "Pieces of work.", .counter = &works},
};

static void work(struct tel *tel, int number) {
  struct tel_span *span = tel_span_start(tel_tracer(tel), "work", TEL_SPAN_INTERNAL, NULL, NULL, 0);
  struct tel_span *step = tel_span_start_child(tel_tracer(tel), "step", TEL_SPAN_INTERNAL, span);
  tel_attributes_set_int(tel_span_attributes(span), "process", getpid());
  say(tel, "work", number);
  tel_counter_add(works, 1);
  tel_span_end(step, 0);
  tel_span_end(span, 0);
}

/* The child's metrics count only its own spans, and none of its parent's. */
static void child(struct tel *tel) {
  if (tel_start(tel) != 0) fprintf(stderr, "%s\n", tel_error(tel));
  CHECK(*tel_error(tel) == '\0');
  double before = series_value(tel, "telemetry_spans_started_total");
  CHECK(before == 0 || before == 1); /* 1 in the child that took the parent's span */
  for (int i = 0; i < WORK; i++) work(tel, i);
  CHECK(series_value(tel, "works_total") == WORK);
  CHECK(series_value(tel, "telemetry_spans_started_total") == before + 2 * WORK);
  CHECK(series_value(tel, "telemetry_span_queue_size") +
            series_value(tel, "telemetry_spans_exported_total") ==
        before + 2 * WORK);
  CHECK(tel_free(tel, 20000) == 0);
  _exit(0);
}

/* Starts only some children at a time, because a hundred at once with sanitizers would only test the machine.
 */
static void let_run(int turns, int count) {
  char turn = 0;
  for (int i = 0; i < count; i++) CHECK(write(turns, &turn, 1) == 1);
}

int main(int argc, char **argv) {
  int children = argc > 1 ? atoi(argv[1]) : 0, turns[2], status;
  struct tel *tel = tel_new("prefork", "1.0");
  tel_register(tel, table, sizeof table / sizeof *table);
  tel_span_end(tel_span_start(tel_tracer(tel), "before", TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
  say(tel, "before", 0);
  CHECK(children > 0 && pipe(turns) == 0);
  for (int i = 0; i < children; i++) {
    char turn;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid) continue;
    CHECK(read(turns[0], &turn, 1) == 1);
    child(tel);
  }
  say(tel, "between", 0);
  let_run(turns[1], AT_ONCE < children ? AT_ONCE : children);
  for (int ended = 1; wait(&status) > 0; ended++) {
    CHECK(status == 0);
    if (ended + AT_ONCE <= children) let_run(turns[1], 1);
  }
  CHECK(tel_start(tel) == 0);
  say(tel, "after", 0);
  return tel_free(tel, 20000) != 0;
}
