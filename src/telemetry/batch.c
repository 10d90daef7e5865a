#include "config.h" /* first: GNU extensions */

#include "telemetry/batch.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ring.h"
#include "telemetry/failure_report.h"
#include "telemetry/fork_claim.h"
#include "telemetry/span.h"

enum { PATIENCE = 1000, GRACE_MS = 200, DELAY_MIN_MS = 10 };

struct tel_batch {
  struct tel_batch_settings settings;
  struct tel_span_counts *counts;
  struct tel_histogram *duration;
  struct tel_exporter exporter;
  struct tel_failure_report report;
  struct ring *ring;
  struct tel_fork_claim claim;
  _Atomic size_t queued; /* exact, where the ring's capacity is a power of two */
  /* Whether the exporter need not be woken: it is at work, or somebody has woken it. */
  _Atomic bool awake;

  pthread_t thread;
  bool running; /* the thread exists; owner's */
  pthread_mutex_t lock;
  pthread_cond_t work, done; /* for the exporter; for those who wait for it */
  bool stopping, finished, abandoned;
  uint64_t stop_deadline;
  uint64_t flush_wanted, flush_done; /* numbers of flushes */

  struct tel_span **taken; /* room for one batch; the exporter's */
  size_t in_flight;        /* under the lock */
};

static int init_sync(struct tel_batch *batch) {
  pthread_condattr_t monotonic;
  if (pthread_condattr_init(&monotonic) != 0) return -1;
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&batch->lock, NULL);
  pthread_cond_init(&batch->work, &monotonic);
  pthread_cond_init(&batch->done, &monotonic);
  pthread_condattr_destroy(&monotonic);
  return 0;
}

struct tel_batch *tel_batch_new(const struct tel_batch_settings *settings,
                                const struct tel_tracing_events *events, struct tel_span_counts *counts) {
  struct tel_batch *batch = calloc(1, sizeof *batch);
  if (!batch) return NULL;
  batch->settings = *settings;
  if (batch->settings.batch_size > batch->settings.queue_size)
    batch->settings.batch_size = batch->settings.queue_size;
  /* A shorter delay would only keep the thread busy looking at an empty queue. */
  if (batch->settings.delay_ms < DELAY_MIN_MS) batch->settings.delay_ms = DELAY_MIN_MS;
  batch->counts = counts;
  if (events) batch->report.events = *events;
  atomic_init(&batch->awake, true); /* nobody to wake before the start */
  batch->ring = ring_new(batch->settings.queue_size);
  batch->taken = malloc(batch->settings.batch_size * sizeof(struct tel_span *));
  if (tel_fork_claim_init(&batch->claim) != 0 || !batch->ring || !batch->taken || init_sync(batch) != 0) {
    tel_fork_claim_free(&batch->claim);
    ring_free(batch->ring);
    free(batch->taken);
    free(batch);
    return NULL;
  }
  return batch;
}

static void wake(struct tel_batch *batch) {
  if (atomic_exchange(&batch->awake, true)) return;
  pthread_mutex_lock(&batch->lock);
  pthread_cond_signal(&batch->work);
  pthread_mutex_unlock(&batch->lock);
}

bool tel_batch_push(struct tel_batch *batch, struct tel_span *span) {
  size_t queued = atomic_load_explicit(&batch->queued, memory_order_relaxed);
  if (tel_batch_foreign(batch)) return false;
  do {
    if (queued >= batch->settings.queue_size) return false;
  } while (!atomic_compare_exchange_weak(&batch->queued, &queued, queued + 1));
  if (!ring_push(batch->ring, span)) {
    atomic_fetch_sub(&batch->queued, 1);
    return false;
  }
  /* Sequentially consistent against rest(): either we see it asleep, or it sees our span. */
  if (queued + 1 >= batch->settings.batch_size && !atomic_load(&batch->awake)) wake(batch);
  return true;
}

size_t tel_batch_queued(const struct tel_batch *batch) {
  return atomic_load_explicit(&batch->queued, memory_order_relaxed);
}

static size_t take(struct tel_batch *batch) {
  size_t count = 0;
  for (int impatience = 0;
       count < batch->settings.batch_size && atomic_load(&batch->queued) > 0 && impatience < PATIENCE;) {
    struct tel_span *span = ring_pop(batch->ring);
    if (span) {
      atomic_fetch_sub(&batch->queued, 1);
      batch->taken[count++] = span;
    } else { /* counted, and on its way into the ring */
      impatience++;
      sched_yield();
    }
  }
  return count;
}

static void settle(struct tel_batch *batch, size_t count, const struct tel_export_result *result) {
  struct tel_span_counts *counts = batch->counts;
  size_t lost = count - result->delivered - result->rejected;
  atomic_fetch_add_explicit(&counts->exported, result->delivered, memory_order_relaxed);
  if (result->rejected) tel_span_counts_drop(counts, TEL_DROP_REJECTED, result->rejected);
  if (lost) tel_span_counts_drop(counts, result->reason, lost);
  uint64_t dropped = tel_span_counts_dropped(counts);
  if (lost || result->rejected) {
    tel_failure_report_failed(&batch->report, clock_mono_ns(), result->text, dropped);
  } else {
    tel_failure_report_worked(&batch->report, dropped);
    if (result->text[0]) tel_failure_report_note(&batch->report, result->text);
  }
}

static void release_taken(struct tel_batch *batch, size_t count) {
  for (size_t i = 0; i < count; i++) tel_span_release(batch->taken[i]);
}

/* Takes a batch, under the lock: stop() finds each span either queued or in flight, and counts it once. False
 * if this thread was abandoned: then nothing is taken, what is queued has been counted. */
static bool begin_batch(struct tel_batch *batch, size_t *count) {
  pthread_mutex_lock(&batch->lock);
  bool mine = !batch->abandoned;
  *count = batch->in_flight = mine ? take(batch) : 0;
  pthread_mutex_unlock(&batch->lock);
  return mine;
}

/* Exports one batch. False if this thread was abandoned meanwhile: it must end. */
static bool export_one(struct tel_batch *batch) {
  size_t count;
  if (!begin_batch(batch, &count)) return false;
  if (count == 0) return true;
  uint64_t start = clock_mono_ns(), deadline = UINT64_MAX;
  if (batch->settings.export_timeout_ms)
    deadline = start + batch->settings.export_timeout_ms * CLOCK_NS_PER_MS;
  struct tel_export_result result = {.reason = TEL_DROP_EXPORT_FAILED};
  batch->exporter.export(batch->exporter.cls, batch->taken, count, deadline, &result);
  /* The histogram and the receiver of reports are others'. stop() abandons this thread under the lock, and
   * only then may they be freed: so they are used under it too. */
  pthread_mutex_lock(&batch->lock);
  bool mine = !batch->abandoned;
  if (mine) {
    batch->in_flight = 0;
    tel_histogram_observe(batch->duration, (double)(clock_mono_ns() - start) / CLOCK_NS_PER_S, NULL);
    settle(batch, count, &result);
  }
  pthread_mutex_unlock(&batch->lock);
  if (mine) release_taken(batch, count);
  return mine;
}

/* Taken and counted under one lock, as above. */
static void drop_queued(struct tel_batch *batch) {
  size_t count;
  do {
    pthread_mutex_lock(&batch->lock);
    count = batch->abandoned ? 0 : take(batch);
    tel_span_counts_drop(batch->counts, TEL_DROP_SHUTDOWN, count);
    pthread_mutex_unlock(&batch->lock);
    release_taken(batch, count);
  } while (count > 0);
}

static void wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t mono_ns) {
  struct timespec until = {(time_t)(mono_ns / CLOCK_NS_PER_S), (long)(mono_ns % CLOCK_NS_PER_S)};
  pthread_cond_timedwait(cond, lock, &until);
}

/* Sleeps until there is something to do; under the lock. */
static void rest(struct tel_batch *batch, uint64_t due) {
  while (!batch->stopping && batch->flush_wanted == batch->flush_done && clock_mono_ns() < due) {
    atomic_store(&batch->awake, false);
    if (atomic_load(&batch->queued) >= batch->settings.batch_size) break;
    wait_until(&batch->work, &batch->lock, due);
  }
  atomic_store(&batch->awake, true);
}

/* Exports what is there now, or, when stopping, all until the deadline. False if abandoned. */
static bool export_all(struct tel_batch *batch, bool stopping) {
  size_t batches = tel_batch_queued(batch) / batch->settings.batch_size + 1;
  while (tel_batch_queued(batch) > 0 && (stopping || batches-- > 0)) {
    if (stopping && clock_mono_ns() >= batch->stop_deadline) break;
    if (!export_one(batch)) return false;
  }
  if (stopping) drop_queued(batch);
  return true;
}

static void *run(void *cls) {
  struct tel_batch *batch = cls;
  bool stopping = false;
  pthread_setname_np(pthread_self(), "span-exporter");
  pthread_mutex_lock(&batch->lock);
  while (!stopping) {
    rest(batch, clock_mono_ns() + batch->settings.delay_ms * CLOCK_NS_PER_MS);
    stopping = batch->stopping;
    uint64_t flush = batch->flush_wanted;
    bool all = stopping || flush != batch->flush_done;
    pthread_mutex_unlock(&batch->lock);
    if (!(all ? export_all(batch, stopping) : export_one(batch))) return NULL;
    pthread_mutex_lock(&batch->lock);
    batch->flush_done = flush;
    pthread_cond_broadcast(&batch->done);
  }
  batch->finished = true;
  pthread_cond_broadcast(&batch->done);
  pthread_mutex_unlock(&batch->lock);
  return NULL;
}

static unsigned ended_in(const void *span) {
  return ((const struct tel_span *)span)->ended_in;
}

/* Another process has it in its accounts. */
static void forget(void *cls, void *span) {
  struct tel_batch *batch = cls;
  atomic_fetch_sub(&batch->queued, 1);
  atomic_fetch_sub_explicit(&batch->counts->started, 1, memory_order_relaxed);
  tel_span_release(span);
}

bool tel_batch_foreign(const struct tel_batch *batch) {
  return tel_fork_claim_foreign(&batch->claim);
}

int tel_batch_start(struct tel_batch *batch, const struct tel_exporter *exporter,
                    struct tel_histogram *duration) {
  batch->exporter = *exporter;
  batch->duration = duration;
  tel_fork_claim_start(&batch->claim, batch->ring, ended_in, forget, batch);
  /* Signals are for the thread that waits for them, not for this one. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  batch->running = pthread_create(&batch->thread, NULL, run, batch) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return batch->running ? TEL_OK : TEL_E_SYSTEM;
}

bool tel_batch_flush(struct tel_batch *batch, uint64_t deadline_mono_ns) {
  if (!batch->running) return tel_batch_queued(batch) == 0;
  uint64_t lost = tel_span_counts_dropped(batch->counts);
  pthread_mutex_lock(&batch->lock);
  uint64_t mine = ++batch->flush_wanted;
  pthread_cond_signal(&batch->work);
  while (batch->flush_done < mine && clock_mono_ns() < deadline_mono_ns)
    wait_until(&batch->done, &batch->lock, deadline_mono_ns);
  bool done = batch->flush_done >= mine;
  pthread_mutex_unlock(&batch->lock);
  return done && tel_span_counts_dropped(batch->counts) == lost;
}

/* Ends the thread. False if it does not end: what it has and what is queued is given up. */
static bool stop(struct tel_batch *batch, uint64_t deadline) {
  pthread_mutex_lock(&batch->lock);
  batch->stop_deadline = deadline;
  batch->stopping = true;
  pthread_cond_signal(&batch->work);
  pthread_mutex_unlock(&batch->lock);
  if (batch->exporter.stop) batch->exporter.stop(batch->exporter.cls, deadline);
  /* A little longer, so that a thread which keeps the deadline can still end. */
  uint64_t now = clock_mono_ns(), latest = deadline > now ? deadline : now,
           grace = GRACE_MS * CLOCK_NS_PER_MS;
  latest = latest < UINT64_MAX - grace ? latest + grace : UINT64_MAX;
  pthread_mutex_lock(&batch->lock);
  while (!batch->finished && clock_mono_ns() < latest) wait_until(&batch->done, &batch->lock, latest);
  bool finished = batch->finished;
  batch->abandoned = !finished;
  if (!finished)
    tel_span_counts_drop(batch->counts, TEL_DROP_SHUTDOWN, batch->in_flight + tel_batch_queued(batch));
  pthread_mutex_unlock(&batch->lock);
  if (finished)
    pthread_join(batch->thread, NULL);
  else
    pthread_detach(batch->thread);
  return finished;
}

bool tel_batch_free(struct tel_batch *batch, uint64_t deadline_mono_ns) {
  if (!batch) return true;
  if (batch->running && !stop(batch, deadline_mono_ns)) return false;
  if (!batch->running) drop_queued(batch);
  if (batch->exporter.free) batch->exporter.free(batch->exporter.cls);
  pthread_cond_destroy(&batch->work);
  pthread_cond_destroy(&batch->done);
  pthread_mutex_destroy(&batch->lock);
  tel_fork_claim_free(&batch->claim);
  ring_free(batch->ring);
  free(batch->taken);
  free(batch);
  return true;
}
