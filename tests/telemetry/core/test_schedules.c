/* SPDX-License-Identifier: MIT */
/* Simulates the pipeline of spans: the test controls the clock, the collector and the switches between
 * threads. It runs thousands of schedules, each determined by its seed, with delays, refusals, partial
 * successes, hanging requests, flushes, and a stop at any moment. In all of them, every span is exported,
 * dropped for one reason, or queued. TEL_SCHEDULES: how many; TEL_SEED: the first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "base/random.h"
#include "support/test.h"
#include "telemetry/core/resource.h"
#include "telemetry/core/wire.h"
#include "telemetry/otlp/otlp_exporter.h"
#include "telemetry/traces/tracer_fixture.h"

enum { STACK = 256 * 1024, DRIVER = 0, WORKER, FLUSHER, STOPPER, THREADS };
enum state { NONE, READY, WAITING, HUNG, ENDED };

struct thread {
  ucontext_t context;
  enum state state;
  int condition; /* the condition it waits for; -1: only for the time */
  uint64_t until;
  void (*run)(void *arg);
  void *arg;
};

static char stacks[THREADS][STACK];
static struct {
  struct thread threads[THREADS];
  int current;
  bool locked;
  uint64_t now, seed, drawn;
  /* The transport and its collector. */
  bool stopped, transport_freed, may_hang;
  bool starves; /* a ready thread may have to wait */
  uint64_t accepted, posts;
  /* Arguments and results of flush and stop. */
  uint64_t flush_deadline, flush_lost, flush_started, stop_deadline, stop_called, stop_returned;
  bool flush_active, stop_active, ended;
} sim;
static struct fixture f;
static struct tel_attributes *resource;
/* Events that must each occur in at least one schedule. */
static uint64_t left_behind, flushed, late_flushes, dropped[TEL_DROP_COUNT], exported;

static uint64_t draw(uint64_t below) {
  return random_at(sim.seed, sim.drawn++) % below;
}

#define CHECK(condition)                                                                                     \
  ck_assert_msg(condition, "seed %llu, line %d", (unsigned long long)sim.seed, __LINE__)

/* --- Threads --- */

static void switch_to(int next) {
  int from = sim.current;
  sim.current = next;
  swapcontext(&sim.threads[from].context, &sim.threads[next].context);
}

static void begin_thread(void) {
  struct thread *thread = &sim.threads[sim.current];
  thread->run(thread->arg);
  thread->state = ENDED;
  switch_to(DRIVER);
}

static void start_thread(int number, void (*run)(void *arg), void *arg) {
  struct thread *thread = &sim.threads[number];
  getcontext(&thread->context);
  thread->context.uc_stack.ss_sp = stacks[number];
  thread->context.uc_stack.ss_size = STACK;
  thread->context.uc_link = NULL;
  thread->run = run;
  thread->arg = arg;
  thread->state = READY;
  makecontext(&thread->context, begin_thread, 0);
}

/* Lets other threads run. The driver itself never waits. */
static void sleep_until(int condition, uint64_t until) {
  struct thread *thread = &sim.threads[sim.current];
  CHECK(sim.current != DRIVER);
  thread->state = WAITING;
  thread->condition = condition;
  thread->until = until;
  switch_to(DRIVER);
}

static void run_thread(int number) {
  sim.threads[number].state = READY;
  switch_to(number);
}

/* --- The system --- */

static uint64_t now(void *cls) {
  (void)cls;
  return sim.now;
}

static void lock(void *cls) {
  (void)cls;
  if (sim.current != DRIVER && draw(4) == 0) sleep_until(-1, sim.now); /* another thread comes first */
  CHECK(!sim.locked);
  sim.locked = true;
}

static void unlock(void *cls) {
  (void)cls;
  CHECK(sim.locked);
  sim.locked = false;
}

static void wait_for(void *cls, enum tel_condition which, uint64_t until) {
  unlock(cls);
  sleep_until((int)which, until);
  CHECK(!sim.locked);
  sim.locked = true;
}

static void wake(void *cls, enum tel_condition which) {
  (void)cls;
  for (int i = WORKER; i < THREADS; i++)
    if (sim.threads[i].state == WAITING && sim.threads[i].condition == (int)which)
      sim.threads[i].until = sim.now;
}

static int start(void *cls, void (*run)(void *arg), void *arg, const char *name) {
  (void)cls, (void)name;
  start_thread(WORKER, run, arg);
  return 0;
}

static void end_thread(void *cls, bool wait) {
  (void)cls;
  CHECK(!wait || sim.threads[WORKER].state != HUNG);
}

static void nothing(void *cls) {
  (void)cls;
}

static const struct tel_pipeline_system sim_system = {now,   lock,       unlock,  wait_for, wake,
                                                      start, end_thread, nothing, NULL};

/* --- The collector --- */

double __wrap_random_unit(void);
double __wrap_random_unit(void) {
  return (double)draw(1000) / 1000;
}

static uint64_t count_spans(const uint8_t *data, size_t len, unsigned depth) {
  struct wire_reader r = {data, data + len};
  struct wire_field field;
  uint64_t count = 0;
  while (wire_next(&r, &field))
    if (field.number == (depth == 0 ? 1 : 2))
      count += depth == 2 ? 1 : count_spans(field.bytes, field.len, depth + 1);
  return count;
}

static void answer_partially(struct tel_response *answer, uint64_t spans) {
  uint8_t rejected = (uint8_t)draw(spans < 100 ? spans + 1 : 100);
  const uint8_t body[] = {0x0A, 0x02, 0x08, rejected};
  buf_append(&answer->body, body, sizeof body);
  answer->status = 200;
  sim.accepted += spans - rejected;
}

static void post(void *cls, const void *body, size_t len, uint64_t deadline, struct tel_response *answer) {
  static const int refusals[] = {400, 404, 413, 429, 500, 502, 503, 504};
  uint64_t spans = count_spans(body, len, 0), until = sim.now + draw(20) * draw(200) * CLOCK_NS_PER_MS;
  (void)cls;
  sim.posts++;
  memset(answer, 0, offsetof(struct tel_response, body));
  buf_reset(&answer->body);
  answer->text[0] = '\0';
  if (sim.may_hang && draw(12) == 0) {
    sim.threads[sim.current].state = HUNG;
    switch_to(DRIVER); /* until the schedule is over */
  } else if (draw(3)) {
    sleep_until(-1, until < deadline ? until : deadline);
  }
  switch (draw(8)) {
  case 0:
    answer->status = refusals[draw(sizeof refusals / sizeof *refusals)];
    if (draw(2)) snprintf(answer->retry_after, sizeof answer->retry_after, "%d", (int)draw(20));
    break;
  case 1:
    answer->connection = draw(2);
    strcpy(answer->text, "no connection");
    break;
  case 2:
    answer_partially(answer, spans);
    break;
  default:
    answer->status = 200;
    sim.accepted += spans;
  }
}

static void pause_until(void *cls, uint64_t until) {
  (void)cls;
  while (!sim.stopped && sim.now < until) sleep_until(TEL_CONDITIONS, until);
}

static bool stopping(void *cls) {
  (void)cls;
  return sim.stopped;
}

static void stop_transport(void *cls, uint64_t deadline) {
  (void)cls, (void)deadline;
  sim.stopped = true;
  wake(NULL, TEL_CONDITIONS);
}

static void free_transport(void *cls) {
  (void)cls;
  sim.transport_freed = true;
}

/* --- Threads that wait for the worker --- */

static void run_flush(void *cls) {
  (void)cls;
  uint64_t pushed = atomic_load(&f.counts.started);
  uint64_t lost = tel_span_counts_dropped(&f.counts);
  bool done = tel_batch_flush(f.tracer.batch, sim.flush_deadline);
  /* If true, every span pushed before must be delivered. */
  if (done) CHECK(atomic_load(&f.counts.exported) + lost >= pushed);
  *(done ? &flushed : &late_flushes) += 1;
  sim.flush_active = false;
}

static void run_stop(void *cls) {
  (void)cls;
  sim.stop_called = sim.now;
  sim.ended = fixture_close(&f, sim.stop_deadline);
  sim.stop_returned = sim.now;
  sim.stop_active = false;
}

/* --- The driver --- */

/* Only spans that have left the queue and are not settled yet may be missing. */
static void check_accounts(void) {
  uint64_t started = atomic_load(&f.counts.started), known = atomic_load(&f.counts.exported) +
                                                             tel_span_counts_dropped(&f.counts) +
                                                             tel_batch_queued(f.tracer.batch);
  CHECK(known <= started && started - known <= f.tracer.settings.batch_size);
}

static bool is_ready(int number) {
  const struct thread *thread = &sim.threads[number];
  return thread->state == READY || (thread->state == WAITING && thread->until <= sim.now);
}

/* Picks a runnable thread at random. */
static bool run_one(void) {
  int first = WORKER + (int)draw(THREADS - WORKER);
  for (int i = 0; i < THREADS - WORKER; i++) {
    int number = WORKER + (first - WORKER + i) % (THREADS - WORKER);
    if (!is_ready(number)) continue;
    run_thread(number);
    return true;
  }
  return false;
}

static void pass_time(void) {
  uint64_t next = UINT64_MAX;
  for (int i = WORKER; i < THREADS; i++)
    if (sim.threads[i].state == WAITING && sim.threads[i].until > sim.now && sim.threads[i].until < next)
      next = sim.threads[i].until;
  if (next != UINT64_MAX) sim.now = next;
}

/* In a few schedules the queue and the number of items are larger. */
enum { LARGER = 128 };
static uint32_t scale;

static void open_pipeline(void) {
  const struct tel_transport transport = {post,           pause_until,    now, now, stopping,
                                          stop_transport, free_transport, NULL};
  struct tel_exporter exporter;
  fixture_init(&f);
  struct tel_tracing_settings *settings = &f.tracer.settings;
  scale = draw(64) ? 1 : LARGER;
  settings->queue_size = scale * (1 + (uint32_t)draw(30));
  settings->batch_size = 1 + (uint32_t)draw(settings->queue_size);
  settings->schedule_delay_ms = (uint32_t)draw(100);
  settings->timeout_ms = (uint32_t)draw(2000);
  const struct tel_batch_settings batch = {settings->queue_size, settings->batch_size,
                                           settings->schedule_delay_ms, (uint32_t)draw(3000),
                                           1 + (uint32_t)draw(settings->batch_size)};
  f.tracer.pool = tel_pool_new(8, sizeof(struct tel_span));
  f.tracer.batch = tel_batch_new(&batch, NULL, &f.counts, &sim_system);
  CHECK(f.tracer.pool && f.tracer.batch);
  CHECK(tel_otlp_exporter_with(&transport, settings, resource, NULL, &exporter) == TEL_OK);
  if (draw(8))
    CHECK(tel_batch_start(f.tracer.batch, &exporter, NULL) == TEL_OK);
  else
    exporter.free(exporter.cls); /* it never starts */
}

static void begin_flush(void) {
  if (sim.flush_active || sim.stop_active || sim.threads[WORKER].state == NONE) return;
  sim.flush_active = true;
  sim.flush_deadline = sim.now + draw(2000) * CLOCK_NS_PER_MS;
  start_thread(FLUSHER, run_flush, NULL);
}

static void step(void) {
  switch (draw(6)) {
  case 0:
  case 1:
    fixture_emit(&f, (int)scale * (1 + (int)draw(8)));
    break;
  case 2:
    sim.now += draw(50) * draw(50) * CLOCK_NS_PER_MS;
    break;
  case 3:
    begin_flush();
    break;
  default:
    if (!run_one()) pass_time();
  }
  check_accounts();
}

/* Runs all threads to their end. Only the worker may hang forever, in a request. */
static void run_to_the_end(void) {
  for (int rounds = 0; sim.stop_active || sim.flush_active; rounds++) {
    CHECK(rounds < 100000);
    /* A thread that could run may have to wait for its turn, past every deadline. */
    if ((sim.starves && draw(8) == 0) || !run_one()) pass_time();
  }
}

static void check_stop(void) {
  uint64_t latest =
      (sim.stop_deadline > sim.stop_called ? sim.stop_deadline : sim.stop_called) + 200 * CLOCK_NS_PER_MS;
  CHECK(sim.ended || sim.threads[WORKER].state != ENDED);
  CHECK(sim.stop_returned <= latest || sim.ended || sim.starves);
  CHECK(fixture_balanced(&f));
  if (sim.ended) CHECK(atomic_load(&f.counts.exported) == sim.accepted);
  CHECK(atomic_load(&f.counts.exported) <= sim.accepted);
}

/* The hanging request returns late: nothing may be counted twice. */
static void come_back(void) {
  for (int rounds = 0; sim.threads[WORKER].state != ENDED && sim.threads[WORKER].state != NONE; rounds++) {
    CHECK(rounds < 100000);
    sim.may_hang = false;
    if (sim.threads[WORKER].state == HUNG)
      run_thread(WORKER);
    else if (!run_one())
      pass_time();
  }
  CHECK(fixture_balanced(&f));
  if (!sim.ended) CHECK(fixture_close(&f, 0)); /* now that it has ended, its memory can be freed too */
  CHECK(sim.transport_freed);
  left_behind += !sim.ended;
  exported += atomic_load(&f.counts.exported);
  for (int i = 0; i < TEL_DROP_COUNT; i++) dropped[i] += fixture_dropped(&f, (enum tel_drop)i);
}

static void run_schedule(uint64_t seed) {
  memset(&sim, 0, sizeof sim);
  sim.seed = seed;
  sim.now = 1000 * CLOCK_NS_PER_S;
  sim.may_hang = draw(2);
  sim.starves = draw(2);
  open_pipeline();
  for (uint64_t steps = draw(60); steps > 0; steps--) step();
  sim.stop_active = true;
  sim.stop_deadline = sim.now + draw(3000) * CLOCK_NS_PER_MS;
  /* A waiting flush must not outlive the pipeline. */
  for (int rounds = 0; sim.flush_active && rounds < 100000; rounds++)
    if (!run_one()) pass_time();
  start_thread(STOPPER, run_stop, NULL);
  run_to_the_end();
  check_stop();
  come_back();
}

/* Only one thread runs at a time, so ThreadSanitizer finds little here, and it slows each switch of the
 * stack. */
#if defined(__SANITIZE_THREAD__)
enum { SCHEDULES = 1000 };
#else
enum { SCHEDULES = 20000 };
#endif

static uint64_t from_environment(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(test_every_span_is_accounted_for) {
  uint64_t first = from_environment("TEL_SEED", 1), count = from_environment("TEL_SCHEDULES", SCHEDULES);
  struct tel_tracing_settings settings;
  tel_tracing_settings_init(&settings);
  resource = tel_resource_new(&settings, "1", "id");
  for (uint64_t seed = first; seed < first + count; seed++) run_schedule(seed);
  tel_resource_free(resource);
  printf("%llu spans exported, %llu workers left behind, %llu flushes done and %llu late\n",
         (unsigned long long)exported, (unsigned long long)left_behind, (unsigned long long)flushed,
         (unsigned long long)late_flushes);
  if (count < 1000) return;
  ck_assert(exported && left_behind && flushed && late_flushes);
  ck_assert(dropped[TEL_DROP_QUEUE_FULL] && dropped[TEL_DROP_EXPORT_FAILED] && dropped[TEL_DROP_REJECTED] &&
            dropped[TEL_DROP_SHUTDOWN]);
}
END_TEST

TEST_MAIN("schedules", test_every_span_is_accounted_for)
