/* SPDX-License-Identifier: MIT */
#include "telemetry/traces/span.h"
#include "telemetry/traces/span_clock.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "telemetry/core/attributes_private.h"
#include "telemetry/recent/recent_store.h"
#include "telemetry/traces/batch.h"
#include "telemetry/traces/sampler.h"
#include "telemetry/traces/span_counts.h"

static char no_state[1];

/* size: 8 or 16 bytes. */
static void random_id(uint8_t *id, size_t size) {
  for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
    uint64_t bits;
    do bits = random_u64();
    while (bits == 0); /* an all-zero id is invalid */
    memcpy(id + at, &bits, sizeof bits);
  }
}

/* Copies a tracestate. If memory runs out, the span has no tracestate. The standard allows this. */
static char *keep_state(struct tel_span *span, const char *state) {
  size_t size = state ? strlen(state) + 1 : 1;
  if (size == 1) return no_state;
  char *copy = size <= sizeof span->state_inline ? span->state_inline : malloc(size);
  return copy ? memcpy(copy, state, size) : no_state;
}

static void init_items(struct tel_span_items *items) {
  items->first = NULL;
  items->last = &items->first;
  items->count = items->dropped = 0;
}

/* Makes a span with its span id, but without trace id, flags and parent. NULL when out of memory. */
static struct tel_span *new_span(struct tel_tracer *tracer, const char *name, enum tel_span_kind kind,
                                 const char *state, bool recording) {
  if (recording) atomic_fetch_add_explicit(&tracer->counts->started, 1, memory_order_relaxed);
  struct tel_span *span = tel_pool_take_or_allocate(tracer->pool);
  if (!span) {
    if (recording) tel_span_counts_drop(tracer->counts, TEL_DROP_MEMORY, 1);
    return NULL;
  }
  span->tracer = tracer;
  span->recording = recording;
  span->has_parent = span->parent_remote = span->local_root = span->spare_used = false;
  span->name = name ? name : "";
  span->kind = kind >= TEL_SPAN_INTERNAL && kind <= TEL_SPAN_CLIENT ? kind : TEL_SPAN_INTERNAL;
  span->status = TEL_STATUS_UNSET;
  span->status_text[0] = '\0';
  span->recent = NULL;
  span->state = keep_state(span, state);
  init_items(&span->events);
  init_items(&span->links);
  span->context.remote = false;
  random_id(span->context.span_id, sizeof span->context.span_id);
  if (recording)
    tel_attributes_begin(&span->attributes, TEL_FORM_SPAN, tracer->settings.attribute_limit,
                         tracer->settings.value_limit, TEL_SPAN_ROOM);
  return span;
}

static void adopt(struct tel_span *span, const struct tel_context *parent, uint8_t flags) {
  memcpy(span->context.trace_id, parent->trace_id, sizeof parent->trace_id);
  memcpy(span->parent_id, parent->span_id, sizeof parent->span_id);
  span->context.flags = flags;
  span->has_parent = true;
  span->parent_remote = parent->remote;
}

static bool sample(const struct tel_tracer *tracer, const struct tel_context *parent,
                   const uint8_t trace_id[16]) {
  if (parent && tracer->settings.parent_based) return tel_context_sampled(parent);
  switch (tracer->settings.sampler) {
  case TEL_SAMPLER_ALWAYS_ON:
    return true;
  case TEL_SAMPLER_RATIO:
    return tel_sampler_keeps(tracer->threshold, trace_id);
  case TEL_SAMPLER_ALWAYS_OFF:
    break;
  }
  return false;
}

/* Whether spans are exported or kept. */
static bool records(const struct tel_tracer *tracer) {
  return tracer->settings.exporter != TEL_EXPORTER_NONE || tracer->recent;
}

/* Whether a new span belongs to the parent's trace. */
static bool continues(const struct tel_tracer *tracer, const struct tel_context *parent) {
  return parent && tel_context_valid(parent) && (!parent->remote || !tracer || tracer->settings.propagate);
}

void tel_tracer_identify(const struct tel_tracer *tracer, const struct tel_context *parent,
                         struct tel_context *out) {
  *out = (struct tel_context){.flags = TEL_FLAG_RANDOM};
  random_id(out->span_id, sizeof out->span_id);
  if (continues(tracer, parent)) {
    memcpy(out->trace_id, parent->trace_id, sizeof out->trace_id);
    out->flags &= parent->flags;
  } else {
    random_id(out->trace_id, sizeof out->trace_id);
  }
}

struct tel_span *tel_span_start_at(struct tel_tracer *tracer, const char *name, enum tel_span_kind kind,
                                   const struct tel_context *parent, const char *tracestate,
                                   const struct clock_anchor *start) {
  if (!tracer) return NULL;
  uint8_t trace_id[16];
  bool on = records(tracer), sampled;
  if (!continues(tracer, parent)) parent = NULL;
  if (parent)
    memcpy(trace_id, parent->trace_id, sizeof trace_id);
  else
    random_id(trace_id, sizeof trace_id);
  if (on)
    sampled = sample(tracer, parent, trace_id);
  else /* tracing is off: keep the caller's decision */
    sampled = parent && tel_context_sampled(parent);
  struct tel_span *span = new_span(tracer, name, kind, parent ? tracestate : NULL, sampled && on);
  if (!span) return NULL;
  uint8_t flags = sampled ? TEL_FLAG_SAMPLED : 0;
  if (parent) {
    adopt(span, parent, flags | (parent->flags & TEL_FLAG_RANDOM));
  } else {
    memcpy(span->context.trace_id, trace_id, sizeof trace_id);
    span->context.flags = flags | TEL_FLAG_RANDOM;
  }
  span->local_root = true;
  span->clock = *start;
  span->start_unix_ns = start->unix_ns;
  if (span->recording && tracer->recent) span->recent = tel_recent_begin(tracer->recent);
  return span;
}

struct tel_span *tel_span_start(struct tel_tracer *tracer, const char *name, enum tel_span_kind kind,
                                const struct tel_context *parent, const char *tracestate,
                                uint64_t start_unix_ns) {
  struct clock_anchor now = clock_anchor_now();
  struct tel_span *span = tel_span_start_at(tracer, name, kind, parent, tracestate, &now);
  if (span && start_unix_ns) span->start_unix_ns = start_unix_ns;
  return span;
}

static uint64_t unix_at(const struct tel_span *span, uint64_t mono_ns) {
  return clock_anchor_unix_ns(&span->clock, mono_ns);
}

struct tel_span *tel_span_start_child_at(struct tel_tracer *tracer, const char *name, enum tel_span_kind kind,
                                         const struct tel_span *parent, uint64_t mono_ns) {
  if (!tracer || !parent) return tel_span_start(tracer, name, kind, NULL, NULL, 0);
  struct tel_span *span = new_span(tracer, name, kind, parent->state, parent->recording);
  if (!span) return NULL;
  adopt(span, &parent->context, parent->context.flags);
  span->clock = parent->clock;
  span->start_unix_ns = unix_at(parent, mono_ns);
  if (parent->recent) span->recent = tel_recent_join(parent->recent);
  return span;
}

struct tel_span *tel_span_start_child(struct tel_tracer *tracer, const char *name, enum tel_span_kind kind,
                                      const struct tel_span *parent) {
  bool timed = parent && parent->recording; /* the start of an unrecorded span is never used */
  return tel_span_start_child_at(tracer, name, kind, parent, timed ? clock_mono_ns() : 0);
}

uint64_t tel_span_now_unix_ns(const struct tel_span *span) {
  return span ? unix_at(span, clock_mono_ns()) : clock_unix_ns();
}

const struct tel_context *tel_span_context(const struct tel_span *span) {
  static const struct tel_context none;
  return span ? &span->context : &none;
}

struct tel_attributes *tel_span_attributes(struct tel_span *span) {
  return span && span->recording ? &span->attributes : NULL;
}

static struct tel_span_item *add_item(struct tel_span *span, struct tel_span_items *items, uint32_t limit,
                                      uint32_t form, uint32_t attribute_limit) {
  struct tel_span_item *item = NULL;
  if (items->count < limit) {
    item = span->spare_used ? malloc(sizeof *item) : &span->spare;
    span->spare_used = true;
  }
  if (!item) {
    items->dropped++;
    return NULL;
  }
  item->next = NULL;
  item->name = NULL;
  *items->last = item;
  items->last = &item->next;
  items->count++;
  tel_attributes_begin(&item->attributes, form, attribute_limit, span->tracer->settings.value_limit,
                       TEL_ITEM_ROOM);
  return item;
}

struct tel_attributes *tel_span_add_event(struct tel_span *span, const char *name) {
  if (!span || !span->recording) return NULL;
  const struct tel_tracing_settings *settings = &span->tracer->settings;
  struct tel_span_item *event =
      add_item(span, &span->events, settings->event_limit, TEL_FORM_EVENT, settings->event_attribute_limit);
  if (!event) return NULL;
  event->name = name ? name : "";
  event->unix_ns = tel_span_now_unix_ns(span);
  return &event->attributes;
}

struct tel_attributes *tel_span_add_link(struct tel_span *span, const struct tel_context *to) {
  if (!span || !span->recording || !tel_context_valid(to)) return NULL;
  const struct tel_tracing_settings *settings = &span->tracer->settings;
  struct tel_span_item *link =
      add_item(span, &span->links, settings->link_limit, TEL_FORM_LINK, settings->link_attribute_limit);
  if (!link) return NULL;
  link->context = *to;
  return &link->attributes;
}

void tel_span_set_name(struct tel_span *span, const char *name) {
  if (span && name) span->name = name;
}

void tel_span_set_status(struct tel_span *span, enum tel_span_status status, const char *description) {
  bool known = status == TEL_STATUS_OK || status == TEL_STATUS_ERROR;
  if (!span || !span->recording || !known || span->status == TEL_STATUS_OK) return;
  span->status = status;
  size_t len = 0;
  if (status == TEL_STATUS_ERROR && description) {
    len = strnlen(description, sizeof span->status_text);
    if (len == sizeof span->status_text) /* too long: do not cut inside a character */
      for (len--; len > 0 && ((unsigned char)description[len] & 0xC0) == 0x80;) len--;
    memcpy(span->status_text, description, len);
  }
  span->status_text[len] = '\0';
}

static void keep_and_export(struct tel_span *span, uint64_t end_unix_ns) {
  if (end_unix_ns == 0) end_unix_ns = tel_span_now_unix_ns(span);
  span->end_unix_ns = end_unix_ns < span->start_unix_ns ? span->start_unix_ns : end_unix_ns;
  struct tel_tracer *tracer = span->tracer;
  bool sealed = tel_span_seal(span);
  if (span->recent) tel_recent_end(span->recent, span, sealed);
  if (tracer->settings.exporter == TEL_EXPORTER_NONE) return;
  int error = sealed ? tel_batch_push(tracer->batch, span) : TEL_E_MEMORY;
  if (error)
    tel_span_counts_drop(tracer->counts, error == TEL_E_MEMORY ? TEL_DROP_MEMORY : TEL_DROP_QUEUE_FULL, 1);
}

void tel_span_end(struct tel_span *span, uint64_t end_unix_ns) {
  if (!span) return;
  if (span->recording) keep_and_export(span, end_unix_ns);
  tel_span_release(span);
}

void tel_span_end_at(struct tel_span *span, uint64_t mono_ns) {
  if (span) tel_span_end(span, unix_at(span, mono_ns));
}

static void release_items(struct tel_span *span, struct tel_span_items *items) {
  for (struct tel_span_item *item = items->first, *next; item; item = next) {
    next = item->next;
    tel_attributes_clear(&item->attributes);
    if (item != &span->spare) free(item);
  }
}

void tel_span_release(struct tel_span *span) {
  if (span->state != no_state && span->state != span->state_inline) free(span->state);
  if (span->recording) {
    tel_attributes_clear(&span->attributes);
    release_items(span, &span->events);
    release_items(span, &span->links);
  }
  tel_pool_give_or_free(span->tracer->pool, span);
}
