#include "telemetry/recent_part.h"

#include <string.h>

#include "telemetry/span.h"

/* What precedes the variable parts, as it lies in memory: it never leaves the process. */
struct span_head {
  uint8_t span_id[8], parent_id[8];
  const char *name;
  uint64_t start_unix_ns, end_unix_ns;
  uint32_t kind, status, status_len;
};

struct item_head {
  const char *name;
  uint64_t unix_ns;
  struct tel_context context;
};

struct list_head {
  uint32_t count, dropped;
};

struct pair_head { /* a string or a number follows */
  const char *key;
  uint32_t type, len;
};

struct log_head {
  struct tel_logger *logger;
  uint64_t time_unix_ns;
  const char *message;
  struct tel_context context;
  enum tel_level level;
};

/* --- Writing into chunks --- */

struct writer {
  struct tel_recent_open *open;
  struct tel_recent_chunk *last; /* NULL once it failed */
  size_t used;                   /* of last's data */
  struct tel_recent_part *part;
};

static struct writer begin(struct tel_recent_open *open, bool log) {
  struct tel_recent_chunk *chunk = tel_recent_chunk_take(open);
  struct writer w = {open, chunk, sizeof *w.part - sizeof chunk->next, (struct tel_recent_part *)chunk};
  if (chunk) *w.part = (struct tel_recent_part){.log = log};
  return w;
}

static void put_across(struct writer *w, const unsigned char *from, size_t len) {
  while (len > 0 && w->last) {
    size_t room = sizeof w->last->data - w->used, n = len < room ? len : room;
    if (n == 0) {
      struct tel_recent_chunk *chunk = tel_recent_chunk_take(w->open);
      w->last->next = chunk;
      w->last = chunk;
      w->used = 0;
      continue;
    }
    memcpy(w->last->data + w->used, from, n);
    w->used += n;
    w->part->size += (uint32_t)n;
    from += n;
    len -= n;
  }
}

static inline void put(struct writer *w, const void *data, size_t len) {
  if (!w->last || len > sizeof w->last->data - w->used) {
    put_across(w, data, len);
    return;
  }
  memcpy(w->last->data + w->used, data, len);
  w->used += len;
  w->part->size += (uint32_t)len;
}

static struct tel_recent_part *finish(struct writer *w) {
  if (w->last || !w->part) return w->part;
  tel_recent_chunks_give(w->open->store, (struct tel_recent_chunk *)w->part);
  return NULL;
}

static void put_pairs(struct writer *w, const struct tel_attributes *attributes) {
  const struct list_head head = {attributes->count, attributes->dropped};
  put(w, &head, sizeof head);
  for (uint32_t i = 0; i < attributes->count; i++) {
    const struct tel_attribute *pair = &attributes->items[i];
    bool text = pair->type == TEL_STRING;
    const struct pair_head pair_head = {pair->key, pair->type,
                                        text ? (uint32_t)pair->value.string.len : sizeof pair->value.integer};
    put(w, &pair_head, sizeof pair_head);
    put(w, text ? pair->value.string.data : (const void *)&pair->value, pair_head.len);
  }
}

static void put_items(struct writer *w, const struct tel_span_items *items) {
  const struct list_head head = {items->count, items->dropped};
  put(w, &head, sizeof head);
  for (const struct tel_span_item *item = items->first; item; item = item->next) {
    struct item_head item_head = {.name = item->name};
    if (item->name)
      item_head.unix_ns = item->unix_ns;
    else
      item_head.context = item->context;
    put(w, &item_head, sizeof item_head);
    put_pairs(w, &item->attributes);
  }
}

struct tel_recent_part *tel_recent_part_of_span(struct tel_recent_open *open, const struct tel_span *span) {
  struct writer w = begin(open, false);
  struct span_head head = {.name = span->name,
                           .start_unix_ns = span->start_unix_ns,
                           .end_unix_ns = span->end_unix_ns,
                           .kind = span->kind,
                           .status = span->status,
                           .status_len = (uint32_t)strlen(span->status_text)};
  memcpy(head.span_id, span->context.span_id, sizeof head.span_id);
  if (span->has_parent) memcpy(head.parent_id, span->parent_id, sizeof head.parent_id);
  put(&w, &head, sizeof head);
  put(&w, span->status_text, head.status_len);
  put_pairs(&w, &span->attributes);
  put_items(&w, &span->events);
  put_items(&w, &span->links);
  return finish(&w);
}

struct tel_recent_part *tel_recent_part_of_log(struct tel_recent_open *open,
                                               const struct tel_log_record *record) {
  struct writer w = begin(open, true);
  const struct log_head head = {record->logger, record->time_unix_ns, record->message, record->context,
                                record->level};
  put(&w, &head, sizeof head);
  put_pairs(&w, &record->fields);
  return finish(&w);
}

/* --- Reading --- */

bool tel_recent_part_copy(const struct tel_recent_part *part, struct tel_arena *arena,
                          struct tel_recent_copy *out) {
  unsigned char *to = tel_arena_take(arena, part->size ? part->size : 1);
  if (!to) return false;
  *out = (struct tel_recent_copy){to, part->size, part->log};
  size_t left = part->size, skip = sizeof *part - sizeof(struct tel_recent_chunk *);
  for (const struct tel_recent_chunk *chunk = (const struct tel_recent_chunk *)part; left > 0;
       chunk = chunk->next, skip = 0) {
    size_t n = sizeof chunk->data - skip < left ? sizeof chunk->data - skip : left;
    memcpy(to, chunk->data + skip, n);
    to += n;
    left -= n;
  }
  return true;
}

struct reader {
  const unsigned char *at;
  struct tel_arena *arena;
  bool failed;
};

static void get(struct reader *r, void *out, size_t len) {
  memcpy(out, r->at, len);
  r->at += len;
}

static void *take(struct reader *r, size_t count, size_t size) {
  void *memory = tel_arena_take(r->arena, count ? count * size : 1);
  if (!memory) r->failed = true;
  return memory;
}

static struct tel_recent_pairs get_pairs(struct reader *r) {
  struct list_head head;
  get(r, &head, sizeof head);
  struct tel_attribute *items = take(r, head.count, sizeof *items);
  if (!items) return (struct tel_recent_pairs){0};
  for (uint32_t i = 0; i < head.count; i++) {
    struct pair_head pair;
    get(r, &pair, sizeof pair);
    items[i] =
        (struct tel_attribute){.key = pair.key, .key_len = (uint32_t)strlen(pair.key), .type = pair.type};
    if (pair.type == TEL_STRING) {
      items[i].value.string.data = (const char *)r->at;
      items[i].value.string.len = pair.len;
    } else {
      memcpy(&items[i].value, r->at, pair.len);
    }
    r->at += pair.len;
  }
  return (struct tel_recent_pairs){items, head.count, head.dropped};
}

static struct tel_recent_items get_items(struct reader *r) {
  struct list_head head;
  get(r, &head, sizeof head);
  struct tel_recent_item *items = take(r, head.count, sizeof *items);
  for (uint32_t i = 0; i < head.count && !r->failed; i++) {
    struct item_head item;
    get(r, &item, sizeof item);
    items[i] = (struct tel_recent_item){item.name, item.unix_ns, item.context, get_pairs(r)};
  }
  return (struct tel_recent_items){items, r->failed ? 0 : head.count, head.dropped};
}

bool tel_recent_span_decode(const struct tel_recent_copy *copy, struct tel_arena *arena,
                            struct tel_recent_span *out) {
  struct reader r = {copy->data, arena, false};
  struct span_head head;
  get(&r, &head, sizeof head);
  *out = (struct tel_recent_span){.name = head.name,
                                  .kind = (enum tel_span_kind)head.kind,
                                  .status = (enum tel_span_status)head.status,
                                  .start_unix_ns = head.start_unix_ns,
                                  .end_unix_ns = head.end_unix_ns};
  memcpy(out->span_id, head.span_id, sizeof out->span_id);
  memcpy(out->parent_id, head.parent_id, sizeof out->parent_id);
  char *text = take(&r, head.status_len + 1, 1);
  if (!text) return false;
  get(&r, text, head.status_len);
  text[head.status_len] = '\0';
  out->status_text = text;
  out->attributes = get_pairs(&r);
  if (!r.failed) out->events = get_items(&r);
  if (!r.failed) out->links = get_items(&r);
  return !r.failed;
}

bool tel_recent_log_decode(const struct tel_recent_copy *copy, struct tel_arena *arena,
                           struct tel_log_record *record) {
  struct reader r = {copy->data, arena, false};
  struct log_head head;
  get(&r, &head, sizeof head);
  tel_log_record_init(record, head.logger, head.level);
  record->time_unix_ns = head.time_unix_ns;
  record->message = head.message;
  record->has_context = true;
  record->context = head.context;
  struct tel_recent_pairs fields = get_pairs(&r);
  /* The encoder only reads them: the const is for readers. */
  record->fields.items = (struct tel_attribute *)(uintptr_t)fields.items;
  record->fields.count = fields.count;
  return !r.failed;
}
