/* SPDX-License-Identifier: MIT */
#include "telemetry/core/pipeline.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "telemetry/core/fork_claim.h"

#define NEVER UINT64_MAX
#define RETRY_NS (CLOCK_NS_PER_MS / 10)

struct tel_pipeline {
  struct tel_pipeline_settings settings;
  const struct tel_pipeline_work *work;
  void *cls;
  struct tel_pipeline_system system;
  struct tel_fork_claim claim;

  /* Under the lock. */
  bool running, stopping, finished, abandoned;
  uint64_t flush_wanted, flush_done; /* numbers of flushes */
  uint64_t in_flight;                /* weight */
  struct tel_item *first, **last;    /* taken over from pushed, oldest first */
  uint64_t due;                      /* when the worker processes even one item; only the worker uses it */

  _Atomic bool stop_begun; /* the same as stopping, for threads that do not hold the lock */
  _Atomic uint64_t stop_deadline;

  _Alignas(64) _Atomic(struct tel_item *) pushed; /* a stack: the newest first */
  _Atomic uint64_t queued;                        /* weight in pushed and in first */
  _Atomic uint64_t wake_at;                       /* queued weight at which the worker must be woken */
};

struct tel_pipeline *tel_pipeline_new(const struct tel_pipeline_settings *settings,
                                      const struct tel_pipeline_work *work, void *cls,
                                      const struct tel_pipeline_system *system) {
  struct tel_pipeline *pipeline = aligned_alloc(64, (sizeof *pipeline + 63) / 64 * 64);
  if (!pipeline) {
    if (system) system->free(system->cls);
    return NULL;
  }
  memset(pipeline, 0, sizeof *pipeline);
  pipeline->settings = *settings;
  pipeline->work = work;
  pipeline->cls = cls;
  pipeline->last = &pipeline->first;
  pipeline->due = NEVER;
  atomic_init(&pipeline->wake_at, NEVER); /* no worker to wake before the start */
  if (system) pipeline->system = *system;
  if ((!system && tel_pipeline_system_threads(&pipeline->system) != 0) ||
      tel_fork_claim_init(&pipeline->claim) != 0) {
    tel_pipeline_free(pipeline);
    return NULL;
  }
  return pipeline;
}

void tel_pipeline_free(struct tel_pipeline *pipeline) {
  if (!pipeline) return;
  if (pipeline->system.free) pipeline->system.free(pipeline->system.cls);
  tel_fork_claim_free(&pipeline->claim);
  free(pipeline);
}

void tel_pipeline_lock(struct tel_pipeline *pipeline) {
  pipeline->system.lock(pipeline->system.cls);
}

void tel_pipeline_unlock(struct tel_pipeline *pipeline) {
  pipeline->system.unlock(pipeline->system.cls);
}

static uint64_t now(const struct tel_pipeline *pipeline) {
  return pipeline->system.now_mono_ns(pipeline->system.cls);
}

static void signal_all(struct tel_pipeline *pipeline, enum tel_condition which) {
  pipeline->system.signal(pipeline->system.cls, which);
}

static void wait_until(struct tel_pipeline *pipeline, enum tel_condition which, uint64_t until) {
  pipeline->system.wait(pipeline->system.cls, which, until);
}

static void wake(struct tel_pipeline *pipeline) {
  if (atomic_exchange(&pipeline->wake_at, NEVER) == NEVER) return; /* another thread has woken it */
  tel_pipeline_lock(pipeline);
  signal_all(pipeline, TEL_WORK);
  tel_pipeline_unlock(pipeline);
}

bool tel_pipeline_push(struct tel_pipeline *pipeline, struct tel_item *item) {
  uint64_t queued = atomic_load_explicit(&pipeline->queued, memory_order_relaxed);
  if (tel_pipeline_foreign(pipeline)) return false;
  do {
    if (queued + item->weight > pipeline->settings.capacity) return false;
  } while (!atomic_compare_exchange_weak(&pipeline->queued, &queued, queued + item->weight));
  queued += item->weight; /* read it now: after the push the item is not ours */
  item->ticket = tel_fork_claim_ticket(&pipeline->claim);
  item->next = atomic_load_explicit(&pipeline->pushed, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit(&pipeline->pushed, &item->next, item, memory_order_release,
                                                memory_order_relaxed)) {
  }
  /* Sequentially consistent with rest(): either we see that the worker sleeps, or the worker sees our item.
   */
  if (queued >= atomic_load(&pipeline->wake_at)) wake(pipeline);
  return true;
}

size_t tel_pipeline_queued(const struct tel_pipeline *pipeline) {
  return (size_t)atomic_load_explicit(&pipeline->queued, memory_order_relaxed);
}

size_t tel_pipeline_capacity(const struct tel_pipeline *pipeline) {
  return pipeline->settings.capacity;
}

/* Takes over the pushed items. Under the lock. */
static void take_over(struct tel_pipeline *pipeline) {
  struct tel_item *item = atomic_exchange_explicit(&pipeline->pushed, NULL, memory_order_acquire);
  struct tel_item *first = NULL, *newest = item;
  for (struct tel_item *next; item; item = next) {
    next = item->next;
    item->next = first;
    first = item;
  }
  if (!first) return;
  *pipeline->last = first;
  pipeline->last = &newest->next;
}

/* Takes a batch, or all items if not limited. NULL if the queue is empty. Under the lock. */
static struct tel_item *take(struct tel_pipeline *pipeline, bool limited) {
  const struct tel_pipeline_settings *settings = &pipeline->settings;
  struct tel_item *batch, **end = &batch;
  uint64_t weight = 0, bytes = 0;
  take_over(pipeline);
  for (struct tel_item *item; (item = pipeline->first); end = &item->next) {
    if (limited && weight &&
        (weight + item->weight > settings->batch || bytes + item->bytes > settings->batch_bytes))
      break;
    weight += item->weight;
    bytes += item->bytes;
    *end = item;
    pipeline->first = item->next;
  }
  *end = NULL;
  if (!pipeline->first) pipeline->last = &pipeline->first;
  uint64_t queued = atomic_fetch_sub(&pipeline->queued, weight);
  assert(queued >= weight); /* a push counts its item before it adds it */
  (void)queued;
  pipeline->in_flight = weight;
  return batch;
}

static void release_all(struct tel_pipeline *pipeline, struct tel_item *item) {
  for (struct tel_item *next; item; item = next) {
    next = item->next;
    pipeline->work->release(pipeline->cls, item);
  }
}

/* Processes one batch. Returns false if this worker was left behind meanwhile: it must end. The batch is
 * taken under the lock, so that a stop finds each item either queued or in flight and counts its loss once.
 */
static bool process_one(struct tel_pipeline *pipeline, uint64_t *taken) {
  tel_pipeline_lock(pipeline);
  bool mine = !pipeline->abandoned;
  struct tel_item *batch = mine ? take(pipeline, true) : NULL;
  *taken = mine ? pipeline->in_flight : 0;
  if (mine && !batch)
    wait_until(pipeline, TEL_WORK, now(pipeline) + RETRY_NS); /* an item is counted, but not pushed yet */
  tel_pipeline_unlock(pipeline);
  if (!batch) return mine;
  batch = pipeline->work->process(pipeline->cls, batch);
  tel_pipeline_lock(pipeline);
  mine = !pipeline->abandoned;
  if (mine) {
    pipeline->in_flight = 0;
    pipeline->work->settle(pipeline->cls);
  }
  tel_pipeline_unlock(pipeline);
  if (mine) release_all(pipeline, batch);
  return mine;
}

/* Ends the worker. Called under the lock, and releases it. */
static void finish(struct tel_pipeline *pipeline) {
  struct tel_item *lost = pipeline->abandoned ? NULL : take(pipeline, false);
  if (lost) pipeline->work->lose(pipeline->cls, pipeline->in_flight);
  pipeline->in_flight = 0;
  tel_pipeline_unlock(pipeline);
  release_all(pipeline, lost);
  if (pipeline->work->end) pipeline->work->end(pipeline->cls);
}

/* Sleeps until the worker has work. Under the lock. */
static void rest(struct tel_pipeline *pipeline) {
  const struct tel_pipeline_settings *settings = &pipeline->settings;
  while (!pipeline->stopping && pipeline->flush_wanted == pipeline->flush_done) {
    uint64_t queued = atomic_load(&pipeline->queued), time = now(pipeline);
    if (queued >= settings->wake) break;
    if (queued && pipeline->due == NEVER) pipeline->due = time + settings->delay_ns;
    if (queued && time >= pipeline->due) break;
    if (time >= pipeline->due) pipeline->due = NEVER;
    bool idle = pipeline->due == NEVER;
    /* A push counts its item, then reads wake_at. This thread writes wake_at, then reads the count. All four
     * are sequentially consistent, so one of them sees the other. */
    atomic_store(&pipeline->wake_at, idle ? 1 : settings->wake);
    if (atomic_load(&pipeline->queued) < (idle ? 1 : settings->wake))
      wait_until(pipeline, TEL_WORK, pipeline->due);
  }
  atomic_store(&pipeline->wake_at, NEVER);
}

/* Processes all items that are queued at the start, in several batches if necessary, because the rest would
 * wait for another delay. all: also waits for items that are counted but not yet pushed. stopping: continues
 * until nothing is queued. Ends at the deadline of a stop. Returns false if this worker was left behind. */
static bool process_all(struct tel_pipeline *pipeline, bool stopping, bool all) {
  uint64_t left = tel_pipeline_queued(pipeline), taken;
  do {
    if (tel_pipeline_queued(pipeline) == 0 || tel_pipeline_late(pipeline)) break;
    if (!process_one(pipeline, &taken)) return false;
    left = left > taken ? left - taken : 0;
  } while (stopping || (left > 0 && (all || taken > 0)));
  return true;
}

static void run(void *cls) {
  struct tel_pipeline *pipeline = cls;
  bool stopping = false;
  tel_pipeline_lock(pipeline);
  while (!stopping) {
    rest(pipeline);
    stopping = pipeline->stopping;
    uint64_t flush = pipeline->flush_wanted;
    bool all = flush != pipeline->flush_done;
    tel_pipeline_unlock(pipeline);
    if (pipeline->work->tend) pipeline->work->tend(pipeline->cls);
    bool mine = process_all(pipeline, stopping, all);
    tel_pipeline_lock(pipeline);
    if (!mine) {
      pipeline->finished = true;
      tel_pipeline_unlock(pipeline);
      return;
    }
    if (tel_pipeline_queued(pipeline) == 0 || !tel_pipeline_late(pipeline)) pipeline->flush_done = flush;
    /* New items wait for the delay, so that under load no thread has to wake the worker. */
    pipeline->due = now(pipeline) + pipeline->settings.delay_ns;
    signal_all(pipeline, TEL_DONE);
  }
  finish(pipeline);
  tel_pipeline_lock(pipeline);
  pipeline->finished = true;
  signal_all(pipeline, TEL_DONE);
  tel_pipeline_unlock(pipeline);
}

int tel_pipeline_start(struct tel_pipeline *pipeline) {
  uint64_t weight = 0;
  if (pipeline->running) return TEL_E_VALUE; /* here, or in the process that forked this one */
  tel_pipeline_lock(pipeline);
  take_over(pipeline);
  struct tel_item *others = tel_fork_claim_start(&pipeline->claim, &pipeline->first);
  for (pipeline->last = &pipeline->first; *pipeline->last;) pipeline->last = &(*pipeline->last)->next;
  tel_pipeline_unlock(pipeline);
  for (struct tel_item *item = others; item; item = item->next) weight += item->weight;
  atomic_fetch_sub(&pipeline->queued, weight);
  if (pipeline->work->forget) pipeline->work->forget(pipeline->cls, weight);
  release_all(pipeline, others);
  int error = pipeline->system.start(pipeline->system.cls, run, pipeline, pipeline->settings.name);
  pipeline->running = error == TEL_OK;
  return error;
}

bool tel_pipeline_started(const struct tel_pipeline *pipeline) {
  return tel_fork_claim_started(&pipeline->claim);
}

bool tel_pipeline_foreign(const struct tel_pipeline *pipeline) {
  return tel_fork_claim_foreign(&pipeline->claim);
}

bool tel_pipeline_flush(struct tel_pipeline *pipeline, uint64_t deadline) {
  if (!pipeline->running) return tel_pipeline_queued(pipeline) == 0;
  tel_pipeline_lock(pipeline);
  uint64_t mine = ++pipeline->flush_wanted;
  signal_all(pipeline, TEL_WORK);
  while (pipeline->flush_done < mine && !pipeline->finished && now(pipeline) < deadline)
    wait_until(pipeline, TEL_DONE, deadline);
  bool done = pipeline->flush_done >= mine;
  tel_pipeline_unlock(pipeline);
  return done;
}

bool tel_pipeline_stopping(const struct tel_pipeline *pipeline) {
  return atomic_load(&pipeline->stop_begun);
}

bool tel_pipeline_late(const struct tel_pipeline *pipeline) {
  return atomic_load(&pipeline->stop_begun) && now(pipeline) >= atomic_load(&pipeline->stop_deadline);
}

static void begin_stop(struct tel_pipeline *pipeline, uint64_t deadline) {
  tel_pipeline_lock(pipeline);
  atomic_store(&pipeline->stop_deadline, deadline);
  atomic_store(&pipeline->stop_begun, true);
  pipeline->stopping = true;
  signal_all(pipeline, TEL_WORK);
  tel_pipeline_unlock(pipeline);
  if (pipeline->work->stop) pipeline->work->stop(pipeline->cls, deadline);
}

bool tel_pipeline_stop(struct tel_pipeline *pipeline, uint64_t deadline) {
  begin_stop(pipeline, deadline);
  if (!pipeline->running && !(pipeline->settings.works_at_stop && tel_pipeline_queued(pipeline) > 0 &&
                              tel_pipeline_start(pipeline) == TEL_OK)) {
    tel_pipeline_lock(pipeline);
    finish(pipeline);
    return true;
  }
  /* Wait a little longer, so that a worker that keeps the deadline can still end. */
  uint64_t time = now(pipeline), latest = deadline > time ? deadline : time,
           grace = pipeline->settings.grace_ns;
  latest = latest < NEVER - grace ? latest + grace : NEVER;
  tel_pipeline_lock(pipeline);
  while (!pipeline->finished && now(pipeline) < latest) wait_until(pipeline, TEL_DONE, latest);
  bool finished = pipeline->finished;
  pipeline->abandoned = !finished;
  if (!finished) pipeline->work->lose(pipeline->cls, pipeline->in_flight + tel_pipeline_queued(pipeline));
  tel_pipeline_unlock(pipeline);
  pipeline->system.end(pipeline->system.cls, finished);
  return finished;
}
