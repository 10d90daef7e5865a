/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "telemetry/recent/recent_part.h"

enum { REQUESTS_MAX = 32 }; /* of one trace */

static bool matches(const struct tel_recent_summary *summary, const struct tel_recent_filter *filter) {
  return (!filter->route || strcmp(filter->route, summary->route) == 0) &&
         (filter->latency_class < 0 || filter->latency_class == summary->latency_class) &&
         (filter->error < 0 || filter->error == summary->error);
}

int tel_recent_list_new(struct tel_recent *recent, const struct tel_recent_filter *filter, size_t limit,
                        struct tel_recent_list *out) {
  struct tel_recent_summary *items = malloc((limit ? limit : 1) * sizeof *items);
  if (!items) return TEL_E_MEMORY;
  size_t count = 0;
  tel_recent_lock(recent);
  for (const struct tel_recent_open *open = recent->newest; open && count < limit; open = open->older)
    if (matches(&open->summary, filter)) items[count++] = open->summary;
  size_t chunks = atomic_load_explicit(&recent->held_chunks, memory_order_relaxed);
  tel_recent_unlock(recent);
  *out = (struct tel_recent_list){recent->capacity, chunks * TEL_RECENT_CHUNK, items, count};
  return TEL_OK;
}

void tel_recent_list_free(struct tel_recent_list *list) {
  free(list->items);
  list->items = NULL;
}

size_t tel_recent_table(struct tel_recent *recent, struct tel_recent_row rows[TEL_RECENT_ROUTES]) {
  tel_recent_lock(recent);
  size_t count = atomic_load_explicit(&recent->route_count, memory_order_acquire);
  for (size_t i = 0; i < count; i++) {
    const struct tel_recent_route *route = &recent->routes[i];
    rows[i] = (struct tel_recent_row){.name = route->name, .route = route->route};
    for (int c = 0; c < TEL_RECENT_CLASSES; c++)
      for (int error = 0; error < 2; error++) rows[i].counts[c][error] = route->cells[c][error].count;
  }
  tel_recent_unlock(recent);
  return count;
}

static const struct tel_recent_open *find(const struct tel_recent_open *from, const uint8_t trace_id[16]) {
  while (from && memcmp(from->summary.trace_id, trace_id, sizeof from->summary.trace_id) != 0)
    from = from->older;
  return from;
}

bool tel_recent_has(struct tel_recent *recent, const uint8_t trace_id[16]) {
  tel_recent_lock(recent);
  bool found = find(recent->newest, trace_id) != NULL;
  tel_recent_unlock(recent);
  return found;
}

/* --- One trace --- */

/* The reader's trace and its memory. */
struct reading {
  struct tel_recent_trace trace;
  struct tel_arena arena;
};

/* Copies all parts. Returns false when out of memory. */
static bool copy_parts(struct tel_recent *recent, const uint8_t trace_id[16], struct tel_arena *arena,
                       struct tel_recent_copy **copies, size_t *count) {
  bool ok = true;
  size_t at = 0, requests = 0;
  *count = 0;
  tel_recent_lock(recent);
  for (const struct tel_recent_open *open = find(recent->newest, trace_id); open && requests < REQUESTS_MAX;
       open = find(open->older, trace_id), requests++)
    for (const struct tel_recent_part *part = atomic_load(&open->parts); part; part = part->next) ++*count;
  *copies = tel_arena_take(arena, (*count ? *count : 1) * sizeof **copies);
  for (const struct tel_recent_open *open = *copies ? find(recent->newest, trace_id) : NULL;
       open && requests-- > 0 && ok; open = find(open->older, trace_id))
    for (const struct tel_recent_part *part = atomic_load(&open->parts); part && ok; part = part->next)
      ok = tel_recent_part_copy(part, arena, &(*copies)[at++]);
  tel_recent_unlock(recent);
  return ok && *copies;
}

static int by_start(const void *a, const void *b) {
  const struct tel_recent_span *x = a, *y = b;
  return (x->start_unix_ns > y->start_unix_ns) - (x->start_unix_ns < y->start_unix_ns);
}

static int by_id(const void *a, const void *b) {
  const struct tel_recent_span *const *x = a, *const *y = b;
  return memcmp((*x)->span_id, (*y)->span_id, sizeof(*x)->span_id);
}

/* A span in the tree. Its children are in the order of their start. */
struct node {
  struct node *first, *last, *sibling, *parent;
};

static struct tel_recent_span *find_parent(struct tel_recent_span **ids, size_t count,
                                           const struct tel_recent_span *span) {
  struct tel_recent_span key, *wanted = &key;
  if (!span->has_parent) return NULL;
  memcpy(key.span_id, span->parent_id, sizeof key.span_id);
  struct tel_recent_span **found = bsearch(&wanted, ids, count, sizeof *ids, by_id);
  return found && *found != span ? *found : NULL;
}

static void add_child(struct node *parent, struct node *node) {
  *(parent->last ? &parent->last->sibling : &parent->first) = node;
  parent->last = node;
  node->parent = parent;
}

/* Sorts parents before children, and siblings by start. from is sorted by start. nodes: one for each span and
 * one more, for the root. Omits spans that the root does not reach: invalid ids can make spans each other's
 * ancestors. */
static size_t walk(const struct tel_recent_span *from, struct node *nodes, size_t count,
                   struct tel_recent_span *to) {
  struct node *root = &nodes[count];
  size_t out = 0;
  unsigned depth = 0;
  for (struct node *node = root->first; node;) {
    to[out] = from[node - nodes];
    to[out++].depth = depth;
    if (node->first) {
      node = node->first;
      depth++;
      continue;
    }
    for (; node != root && !node->sibling; node = node->parent) depth--;
    node = node == root ? NULL : node->sibling;
  }
  return out;
}

static bool sort_spans(struct tel_recent_trace *trace, struct tel_arena *arena) {
  size_t count = trace->span_count;
  struct tel_recent_span **ids = tel_arena_take(arena, (count + 1) * sizeof *ids),
                         *sorted = tel_arena_take(arena, (count + 1) * sizeof *sorted);
  struct node *nodes = tel_arena_take(arena, (count + 1) * sizeof *nodes);
  if (!ids || !sorted || !nodes) return false;
  memset(nodes, 0, (count + 1) * sizeof *nodes);
  qsort(trace->spans, count, sizeof *trace->spans, by_start);
  for (size_t i = 0; i < count; i++) ids[i] = &trace->spans[i];
  qsort(ids, count, sizeof *ids, by_id);
  for (size_t i = 0; i < count; i++) {
    const struct tel_recent_span *parent = find_parent(ids, count, &trace->spans[i]);
    add_child(&nodes[parent ? (size_t)(parent - trace->spans) : count], &nodes[i]);
  }
  trace->span_count = walk(trace->spans, nodes, count, sorted);
  trace->spans = sorted;
  for (size_t i = 0; i < trace->span_count; i++) {
    if (i == 0 || sorted[i].start_unix_ns < trace->start_unix_ns)
      trace->start_unix_ns = sorted[i].start_unix_ns;
    if (sorted[i].end_unix_ns > trace->end_unix_ns) trace->end_unix_ns = sorted[i].end_unix_ns;
  }
  return true;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool decode(struct reading *reading, const struct tel_recent_copy *copies, size_t count) {
  struct tel_recent_trace *trace = &reading->trace;
  trace->spans = tel_arena_take(&reading->arena, (count + 1) * sizeof *trace->spans);
  trace->log = tel_arena_take(&reading->arena, (count + 1) * sizeof *trace->log);
  if (!trace->spans || !trace->log) return false;
  for (size_t i = 0; i < count; i++) {
    if (copies[i].log) {
      const char *line = tel_arena_text(&reading->arena, copies[i].data, copies[i].size);
      if (!(trace->log[trace->log_count++] = line)) return false;
    } else if (!tel_recent_span_decode(&copies[i], &reading->arena, &trace->spans[trace->span_count++])) {
      return false;
    }
  }
  /* Each line begins with its timestamp. */
  qsort(trace->log, trace->log_count, sizeof *trace->log, by_text);
  return sort_spans(trace, &reading->arena);
}

int tel_recent_trace_new(struct tel_recent *recent, const uint8_t trace_id[16],
                         struct tel_recent_trace **out) {
  struct reading *reading = calloc(1, sizeof *reading);
  struct tel_recent_copy *copies;
  size_t count;
  if (!reading) return TEL_E_MEMORY;
  memcpy(reading->trace.trace_id, trace_id, sizeof reading->trace.trace_id);
  int error = copy_parts(recent, trace_id, &reading->arena, &copies, &count) ? TEL_OK : TEL_E_MEMORY;
  if (!error && count == 0) error = TEL_E_VALUE;
  if (!error && !decode(reading, copies, count)) error = TEL_E_MEMORY;
  if (error)
    tel_recent_trace_free(&reading->trace);
  else
    *out = &reading->trace;
  return error;
}

void tel_recent_trace_free(struct tel_recent_trace *trace) {
  struct reading *reading = (struct reading *)trace; /* its first member */
  if (!reading) return;
  tel_arena_free(&reading->arena);
  free(reading);
}
