/* SPDX-License-Identifier: MIT */
#include "telemetry/recent/recent_store.h"

#include <stdlib.h>
#include <string.h>

#include "telemetry/logs/log_record.h"
#include "telemetry/recent/recent_part.h"
#include "telemetry/traces/span.h"

static const struct {
  uint64_t from_ns;
  const char *name;
} classes[TEL_RECENT_CLASSES] = {
    {0, "0"},           {10000, "10us"},      {100000, "100us"},  {1000000, "1ms"},
    {10000000, "10ms"}, {100000000, "100ms"}, {1000000000, "1s"}, {10000000000, "10s"},
};

const char *tel_recent_class_name(unsigned latency_class) {
  return classes[latency_class].name;
}

static uint8_t class_of(uint64_t duration_ns) {
  uint8_t at = TEL_RECENT_CLASSES - 1;
  while (duration_ns < classes[at].from_ns) at--;
  return at;
}

int tel_recent_new(uint64_t capacity_bytes, struct tel_recent **out) {
  /* The pool's own memory: a head, and four bytes per object. */
  enum { POOL_HEAD = 256, POOL_EACH = 4 };
  if (capacity_bytes < TEL_RECENT_BYTES_MIN) return TEL_E_VALUE;
  size_t size = (sizeof(struct tel_recent) + 63) / 64 * 64;
  struct tel_recent *recent = aligned_alloc(64, size);
  if (!recent) return TEL_E_MEMORY;
  memset(recent, 0, size);
  size_t chunks = (size_t)((capacity_bytes - size - POOL_HEAD) / (TEL_RECENT_CHUNK + POOL_EACH));
  recent->capacity = capacity_bytes;
  recent->chunk_limit = chunks - chunks / TEL_RECENT_RESERVE;
  recent->trace_limit = (uint32_t)(chunks / TEL_RECENT_SHARE);
  recent->pool = tel_pool_new(chunks, TEL_RECENT_CHUNK);
  pthread_mutex_init(&recent->lock, NULL);
  pthread_mutex_init(&recent->routes_lock, NULL);
  if (!recent->pool) {
    tel_recent_free(recent);
    return TEL_E_MEMORY;
  }
  *out = recent;
  return TEL_OK;
}

void tel_recent_free(struct tel_recent *recent) {
  if (!recent) return;
  tel_pool_free(recent->pool);
  pthread_mutex_destroy(&recent->lock);
  pthread_mutex_destroy(&recent->routes_lock);
  free(recent);
}

static void count(struct tel_recent *recent, enum tel_recent_discard why) {
  atomic_fetch_add_explicit(&recent->discarded[why], 1, memory_order_relaxed);
}

static void lose(struct tel_recent_open *open, enum tel_recent_discard why) {
  atomic_store_explicit(&open->lost, (uint8_t)(1 + why), memory_order_relaxed);
}

struct tel_recent_chunk *tel_recent_chunk_take(struct tel_recent_open *open) {
  struct tel_recent_chunk *chunk = NULL;
  if (atomic_load_explicit(&open->lost, memory_order_relaxed)) return NULL;
  if (atomic_fetch_add_explicit(&open->chunks, 1, memory_order_relaxed) >= open->store->trace_limit)
    lose(open, TEL_RECENT_TOO_LARGE);
  else if (!(chunk = tel_pool_take(open->store->pool)))
    lose(open, TEL_RECENT_FULL);
  if (chunk) chunk->next = NULL;
  return chunk;
}

void tel_recent_chunks_give(struct tel_recent *recent, struct tel_recent_chunk *first) {
  for (struct tel_recent_chunk *chunk = first, *next; chunk; chunk = next) {
    next = chunk->next;
    tel_pool_give(recent->pool, chunk);
  }
}

struct tel_recent_open *tel_recent_begin(struct tel_recent *recent) {
  struct tel_recent_open *open = tel_pool_take(recent->pool);
  if (!open) {
    count(recent, TEL_RECENT_FULL);
    return NULL;
  }
  open->store = recent;
  atomic_init(&open->parts, NULL);
  atomic_init(&open->refs, 1);
  atomic_init(&open->chunks, 1);
  atomic_init(&open->failed, false);
  atomic_init(&open->lost, 0);
  open->older = open->newer = open->next = NULL;
  open->cell = NULL;
  open->summary = (struct tel_recent_summary){.name = "", .route = ""};
  return open;
}

struct tel_recent_open *tel_recent_join(struct tel_recent_open *open) {
  atomic_fetch_add_explicit(&open->refs, 1, memory_order_relaxed);
  return open;
}

static void release(struct tel_recent_open *open) {
  struct tel_recent *recent = open->store;
  for (struct tel_recent_part *part = atomic_load_explicit(&open->parts, memory_order_acquire), *next; part;
       part = next) {
    next = part->next;
    tel_recent_chunks_give(recent, (struct tel_recent_chunk *)part);
  }
  tel_pool_give(recent->pool, open);
}

static void add_part(struct tel_recent_open *open, struct tel_recent_part *part) {
  if (!part) return;
  part->next = atomic_load_explicit(&open->parts, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit(&open->parts, &part->next, part, memory_order_acq_rel,
                                                memory_order_relaxed)) {
  }
}

/* --- The lists; under the lock. --- */

static void remove_oldest(struct tel_recent *recent, struct tel_recent_cell *cell) {
  struct tel_recent_open *open = cell->first;
  size_t chunks = atomic_load_explicit(&open->chunks, memory_order_relaxed);
  cell->first = open->next;
  if (!cell->first) cell->last = NULL;
  cell->count--;
  cell->chunks -= chunks;
  *(open->newer ? &open->newer->older : &recent->newest) = open->older;
  *(open->older ? &open->older->newer : &recent->oldest) = open->newer;
  atomic_fetch_sub_explicit(&recent->held_chunks, chunks, memory_order_relaxed);
  atomic_fetch_sub_explicit(&recent->traces, 1, memory_order_relaxed);
  count(recent, TEL_RECENT_EVICTED);
  release(open);
}

static void make_room(struct tel_recent *recent) {
  while (atomic_load_explicit(&recent->held_chunks, memory_order_relaxed) > recent->chunk_limit) {
    struct tel_recent_cell *largest = recent->used[0];
    for (size_t i = 1; i < recent->used_count; i++)
      if (recent->used[i]->chunks > largest->chunks) largest = recent->used[i];
    remove_oldest(recent, largest);
  }
}

static void keep(struct tel_recent *recent, struct tel_recent_open *open) {
  struct tel_recent_cell *cell = open->cell;
  size_t chunks = atomic_load_explicit(&open->chunks, memory_order_relaxed);
  open->next = NULL;
  *(cell->last ? &cell->last->next : &cell->first) = open;
  cell->last = open;
  cell->count++;
  cell->chunks += chunks;
  if (!cell->used) {
    cell->used = true;
    recent->used[recent->used_count++] = cell;
  }
  open->newer = NULL;
  open->older = recent->newest;
  *(recent->newest ? &recent->newest->newer : &recent->oldest) = open;
  recent->newest = open;
  atomic_fetch_add_explicit(&recent->held_chunks, chunks, memory_order_relaxed);
  atomic_fetch_add_explicit(&recent->traces, 1, memory_order_relaxed);
  make_room(recent);
}

static void take_pending(struct tel_recent *recent) {
  struct tel_recent_open *open = atomic_exchange(&recent->pending, NULL), *first = NULL, *next;
  for (; open; open = next) { /* the oldest is at the bottom of the stack */
    next = open->older;
    open->older = first;
    first = open;
  }
  for (open = first; open; open = next) {
    next = open->older;
    keep(recent, open);
  }
}

/* A thread that releases the lock checks the stack again, so no trace stays pending for long. */
static void settle(struct tel_recent *recent) {
  while (atomic_load(&recent->pending) && pthread_mutex_trylock(&recent->lock) == 0) {
    take_pending(recent);
    pthread_mutex_unlock(&recent->lock);
  }
}

void tel_recent_lock(struct tel_recent *recent) {
  pthread_mutex_lock(&recent->lock);
  take_pending(recent);
}

void tel_recent_unlock(struct tel_recent *recent) {
  pthread_mutex_unlock(&recent->lock);
  settle(recent);
}

/* --- The end of a span. --- */

static struct tel_recent_route *find_route(struct tel_recent *recent, const char *name, const char *route,
                                           size_t len) {
  size_t used = atomic_load_explicit(&recent->route_count, memory_order_acquire);
  for (size_t i = 0; i < used; i++) {
    struct tel_recent_route *row = &recent->routes[i];
    bool named = row->name == name || strcmp(row->name, name) == 0;
    if (named && strncmp(row->route, route, len) == 0 && !row->route[len]) return row;
  }
  return NULL;
}

/* The last row collects all further routes. */
static struct tel_recent_route *route_of(struct tel_recent *recent, const char *name, const char *route,
                                         size_t len) {
  if (len >= TEL_RECENT_ROUTE_SIZE) len = TEL_RECENT_ROUTE_SIZE - 1;
  struct tel_recent_route *row = find_route(recent, name, route, len);
  if (row) return row;
  pthread_mutex_lock(&recent->routes_lock);
  size_t used = atomic_load_explicit(&recent->route_count, memory_order_relaxed);
  row = find_route(recent, name, route, len);
  if (!row && used == TEL_RECENT_ROUTES) row = &recent->routes[used - 1];
  if (!row) {
    bool last = used == TEL_RECENT_ROUTES - 1;
    row = &recent->routes[used];
    row->name = last ? "other" : name;
    memcpy(row->route, route, last ? 0 : len);
    atomic_store_explicit(&recent->route_count, used + 1, memory_order_release);
  }
  pthread_mutex_unlock(&recent->routes_lock);
  return row;
}

static size_t copy_text(char *to, size_t size, const struct tel_attribute *pair) {
  size_t len = pair && pair->type == TEL_STRING ? pair->value.string.len : 0;
  if (len >= size) len = size - 1;
  if (len) memcpy(to, pair->value.string.data, len);
  to[len] = '\0';
  return len;
}

static void summarise(struct tel_recent_open *open, const struct tel_span *span) {
  struct tel_recent_summary *summary = &open->summary;
  const struct tel_attribute *found = tel_attributes_find(&span->attributes, "http.route");
  bool routed = found && found->type == TEL_STRING;
  struct tel_recent_route *row = route_of(open->store, span->name, routed ? found->value.string.data : "",
                                          routed ? found->value.string.len : 0);
  memcpy(summary->trace_id, span->context.trace_id, sizeof summary->trace_id);
  summary->name = span->name;
  summary->route = row->route;
  copy_text(summary->method, sizeof summary->method,
            tel_attributes_find(&span->attributes, "http.request.method"));
  found = tel_attributes_find(&span->attributes, "http.response.status_code");
  if (found && found->type == TEL_INT) summary->status = (uint16_t)found->value.integer;
  summary->start_unix_ns = span->start_unix_ns;
  summary->duration_ns = span->end_unix_ns - span->start_unix_ns;
  summary->latency_class = class_of(summary->duration_ns);
  open->cell = row->cells[summary->latency_class]; /* finish() selects one of the two, when all spans have
                                                    * ended */
}

static void finish(struct tel_recent_open *open) {
  struct tel_recent *recent = open->store;
  uint8_t lost = atomic_load_explicit(&open->lost, memory_order_relaxed);
  if (lost || !open->cell) {
    if (lost) count(recent, (enum tel_recent_discard)(lost - 1));
    release(open);
    return;
  }
  open->summary.error = atomic_load_explicit(&open->failed, memory_order_relaxed);
  open->cell += open->summary.error;
  for (struct tel_recent_part *part = atomic_load(&open->parts); part; part = part->next)
    open->summary.spans += !part->log;
  open->older = atomic_load(&recent->pending);
  while (!atomic_compare_exchange_weak(&recent->pending, &open->older, open)) {
  }
  settle(recent);
}

void tel_recent_end(struct tel_recent_open *open, const struct tel_span *span, bool sealed) {
  if (sealed)
    add_part(open, tel_recent_part_new(open, span->wire.data, span->wire.len, false));
  else
    lose(open, TEL_RECENT_FULL);
  if (span->status == TEL_STATUS_ERROR &&
      !atomic_exchange_explicit(&open->failed, true, memory_order_relaxed))
    copy_text(open->summary.error_type, sizeof open->summary.error_type,
              tel_attributes_find(&span->attributes, "error.type"));
  if (span->local_root) summarise(open, span);
  if (atomic_fetch_sub_explicit(&open->refs, 1, memory_order_acq_rel) == 1) finish(open);
}

void tel_recent_add_log(struct tel_recent_open *open, const struct tel_log_record *record) {
  add_part(open, tel_recent_part_new(open, record->line, record->line_len - 1, true));
}
