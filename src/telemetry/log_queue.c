#include "telemetry/log_queue.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pool.h"
#include "base/ring.h"
#include "telemetry/fork_claim.h"

/* At most: a reader that wakes for every line would cost more than the lines. */
enum { GATHER_NS = 2000000, GATHER_NS_PER_RECORD = 500 };

struct tel_log_queue {
  struct pool *records;
  size_t size;
  struct ring *ring;
  struct tel_fork_claim claim;
  int event; /* -1: before the start */
  uint64_t gather_ns;
  _Alignas(64) atomic_bool woken; /* the event has been written since the reader last woke */
};

int tel_log_queue_new(size_t size, struct tel_log_queue **out) {
  if (size == 0 || size >= UINT32_MAX) return TEL_E_MEMORY;
  struct tel_log_queue *queue = aligned_alloc(64, (sizeof *queue + 63) / 64 * 64);
  if (!queue) return TEL_E_MEMORY;
  queue->records = pool_new(size, sizeof(struct tel_log_record));
  queue->ring = ring_new(size);
  queue->event = -1;
  if (tel_fork_claim_init(&queue->claim) != 0 || !queue->records || !queue->ring) {
    tel_log_queue_free(queue);
    return TEL_E_MEMORY;
  }
  queue->size = size;
  queue->gather_ns = size * GATHER_NS_PER_RECORD < GATHER_NS ? size * GATHER_NS_PER_RECORD : GATHER_NS;
  atomic_init(&queue->woken, true); /* nobody to wake */
  *out = queue;
  return 0;
}

void tel_log_queue_free(struct tel_log_queue *queue) {
  if (!queue) return;
  if (queue->ring)
    for (struct tel_log_record *record; (record = ring_pop(queue->ring));)
      tel_attributes_clear(&record->fields);
  ring_free(queue->ring);
  pool_free(queue->records);
  tel_fork_claim_free(&queue->claim);
  if (queue->event >= 0) close(queue->event);
  free(queue);
}

static unsigned made_in(const void *record) {
  return ((const struct tel_log_record *)record)->made_in;
}

static void forget(void *queue, void *record) {
  tel_log_queue_give(queue, record);
}

int tel_log_queue_start(struct tel_log_queue *queue) {
  /* Here and not in _new(): processes that share an event would take each other's. */
  queue->event = eventfd(0, EFD_CLOEXEC);
  if (queue->event < 0) return TEL_E_SYSTEM;
  tel_fork_claim_start(&queue->claim, queue->ring, made_in, forget, queue);
  atomic_store(&queue->woken, false);
  tel_log_queue_wake(queue);
  return 0;
}

bool tel_log_queue_started(const struct tel_log_queue *queue) {
  return tel_fork_claim_started(&queue->claim);
}

bool tel_log_queue_foreign(const struct tel_log_queue *queue) {
  return tel_fork_claim_foreign(&queue->claim);
}

struct tel_log_record *tel_log_queue_take(struct tel_log_queue *queue) {
  return pool_take(queue->records);
}

void tel_log_queue_give(struct tel_log_queue *queue, struct tel_log_record *record) {
  tel_attributes_clear(&record->fields);
  pool_give(queue->records, record);
}

void tel_log_queue_push(struct tel_log_queue *queue, struct tel_log_record *record) {
  /* Never full: it has a slot for each record there is, and a record comes back only after its slot. */
  if (!ring_push(queue->ring, record)) abort();
  tel_log_queue_wake(queue);
}

struct tel_log_record *tel_log_queue_pop(struct tel_log_queue *queue) {
  return ring_pop(queue->ring);
}

void tel_log_queue_wake(struct tel_log_queue *queue) {
  if (atomic_exchange(&queue->woken, true)) return;
  const uint64_t one = 1;
  while (write(queue->event, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void tel_log_queue_wait(struct tel_log_queue *queue) {
  uint64_t count;
  while (read(queue->event, &count, sizeof count) < 0 && errno == EINTR) {
  }
  clock_sleep_ns(queue->gather_ns);
  /* Before the reader looks: who pushes from now on writes the event again, who pushed before is seen. */
  atomic_exchange(&queue->woken, false);
}

size_t tel_log_queue_count(const struct tel_log_queue *queue) {
  return ring_count(queue->ring);
}

size_t tel_log_queue_capacity(const struct tel_log_queue *queue) {
  return queue->size;
}
