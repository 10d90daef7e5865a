/* SPDX-License-Identifier: MIT */
/* Shared by the tracer, the logger and the readers of recent traces.
 *
 * The memory is one pool of equal chunks. An open trace is one chunk with its summary. Each ended span and
 * each log line is a part: a chain of chunks. When its last span has ended, a trace is pushed to a lock-free
 * stack. A thread that gets the lock without waiting moves it into the lists. */
#ifndef TELEMETRY_RECENT_RECENT_STORE_H
#define TELEMETRY_RECENT_RECENT_STORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "tel/metrics.h"
#include "telemetry/core/pool.h"
#include "telemetry/recent/recent.h"

struct tel_log_record;

enum {
  TEL_RECENT_CHUNK = 256,
  TEL_RECENT_RESERVE = 4,    /* a quarter of the chunks is reserved for open traces */
  TEL_RECENT_SHARE = 8,      /* one trace uses at most an eighth of all chunks */
  TEL_RECENT_ROUTE_SIZE = 96 /* with the NUL */
};

/* Why a trace was not kept, or was dropped later. */
#define TEL_RECENT_DISCARDS(X)                                                                               \
  X(TEL_RECENT_EVICTED, "evicted")     /* made room for a newer one */                                       \
  X(TEL_RECENT_TOO_LARGE, "too_large") /* more than its share */                                             \
  X(TEL_RECENT_FULL, "full")           /* no free chunk while it was open */
#define TEL_RECENT_ENUM(name, text) name,
enum tel_recent_discard { TEL_RECENT_DISCARDS(TEL_RECENT_ENUM) TEL_RECENT_DISCARD_COUNT };
#undef TEL_RECENT_ENUM

struct tel_recent_chunk {
  struct tel_recent_chunk *next;
  unsigned char data[TEL_RECENT_CHUNK - sizeof(struct tel_recent_chunk *)];
};

/* The beginning of a part's first chunk. The content follows in this and further chunks. */
struct tel_recent_part {
  struct tel_recent_chunk *next_chunk;
  struct tel_recent_part *next;
  uint32_t size; /* of the content */
  bool log;      /* else a span */
};

struct tel_recent_cell;

/* A trace: open, then pending, then kept. It fits into a chunk. */
struct tel_recent_open {
  struct tel_recent *store;
  _Atomic(struct tel_recent_part *) parts;
  _Atomic uint32_t refs;                 /* spans that have not ended */
  _Atomic uint32_t chunks;               /* this one and those of the parts */
  _Atomic bool failed;                   /* a span failed; the thread that sets it writes the error type */
  _Atomic uint8_t lost;                  /* 1 + enum tel_recent_discard, when a part is missing */
  struct tel_recent_open *older, *newer; /* in the list of all; older also links pending ones */
  struct tel_recent_open *next;          /* the next newer trace of the cell */
  struct tel_recent_cell *cell;
  struct tel_recent_summary summary;
};
_Static_assert(sizeof(struct tel_recent_open) <= TEL_RECENT_CHUNK, "a trace's head must fit into a chunk");

/* The traces of one route, latency class and outcome, oldest first. */
struct tel_recent_cell {
  struct tel_recent_open *first, *last;
  size_t chunks;
  uint32_t count;
  bool used; /* listed in the store */
};

struct tel_recent_route {
  const char *name;
  char route[TEL_RECENT_ROUTE_SIZE];
  struct tel_recent_cell cells[TEL_RECENT_CLASSES][2];
};

struct tel_recent {
  uint64_t capacity;
  size_t chunk_limit; /* of kept traces */
  uint32_t trace_limit;
  struct tel_pool *pool;
  _Alignas(64) _Atomic(struct tel_recent_open *) pending;
  _Atomic uint64_t discarded[TEL_RECENT_DISCARD_COUNT];
  _Atomic size_t held_chunks, traces;
  pthread_mutex_t lock; /* the lists; requests only try it */
  struct tel_recent_open *newest, *oldest;
  size_t used_count;
  struct tel_recent_cell *used[TEL_RECENT_ROUTES * TEL_RECENT_CLASSES * 2];
  pthread_mutex_t routes_lock; /* only to add a route */
  _Atomic size_t route_count;
  struct tel_recent_route routes[TEL_RECENT_ROUTES];
};

/* TEL_E_VALUE: the capacity is less than TEL_RECENT_BYTES_MIN. TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_recent_new(uint64_t capacity_bytes, struct tel_recent **out);
/* No span may be open. Accepts NULL. */
void tel_recent_free(struct tel_recent *recent);

/* Registers the telemetry_recent_* metrics; recent NULL: all are 0. Errors as for tel_read_family(). */
TEL_MUST_CHECK int tel_recent_register(struct tel_recent *recent, struct tel_registry *registry);

/* Begins a trace with one reference, for its first span. If no chunk is free, counts that and returns NULL.
 */
struct tel_recent_open *tel_recent_begin(struct tel_recent *recent);
/* Adds a reference, for a child. */
struct tel_recent_open *tel_recent_join(struct tel_recent_open *open);
/* Copies the ended span and drops its reference. sealed is false if memory for its encoding ran out. */
void tel_recent_end(struct tel_recent_open *open, const struct tel_span *span, bool sealed);
/* Copies the line of a sealed record; the caller has a span of the trace. */
void tel_recent_add_log(struct tel_recent_open *open, const struct tel_log_record *record);

/* Takes a chunk for the trace. If none is available, notes that in the trace and returns NULL. */
struct tel_recent_chunk *tel_recent_chunk_take(struct tel_recent_open *open);
/* Frees a chain of chunks. */
void tel_recent_chunks_give(struct tel_recent *recent, struct tel_recent_chunk *first);

/* For readers: takes the lock and brings the lists up to date. */
void tel_recent_lock(struct tel_recent *recent);
void tel_recent_unlock(struct tel_recent *recent);

#endif
