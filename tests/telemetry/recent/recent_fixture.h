/* SPDX-License-Identifier: MIT */
/* A tracer that exports nothing, and keeps recent traces. */
#ifndef TELEMETRY_RECENT_RECENT_FIXTURE_H
#define TELEMETRY_RECENT_RECENT_FIXTURE_H

#include "telemetry/recent/recent_store.h"
#include "telemetry/traces/span_clock.h"
#include "telemetry/traces/tracer_fixture.h"

static inline void recent_fixture_open(struct fixture *f, uint64_t bytes) {
  fixture_init(f);
  f->tracer.settings.exporter = TEL_EXPORTER_NONE;
  fixture_open(f, NULL);
  if (tel_recent_new(bytes, &f->tracer.recent) != TEL_OK) abort();
}

static inline void recent_fixture_close(struct fixture *f) {
  if (!fixture_close(f, 0)) abort();
  tel_recent_free(f->tracer.recent);
}

/* The properties of a trace that a test wants. */
struct made {
  const char *route;
  uint64_t duration_ns;
  bool failed;
  size_t text; /* bytes of a text attribute */
};

/* Makes a trace of two spans. Stores its id in out unless out is NULL. */
static inline void recent_fixture_make(struct fixture *f, struct made made, struct tel_context *out) {
  static const char text[65536] = "";
  struct clock_anchor now = clock_anchor_now();
  struct tel_span *root = tel_span_start_at(&f->tracer, "Root", TEL_SPAN_SERVER, NULL, NULL, &now);
  struct tel_span *child = tel_span_start_child(&f->tracer, "Child", TEL_SPAN_INTERNAL, root);
  if (out) *out = *tel_span_context(root);
  tel_attributes_set_static(tel_span_attributes(root), "http.route", made.route);
  tel_attributes_set_static(tel_span_attributes(root), "http.request.method", "POST");
  tel_attributes_set_int(tel_span_attributes(root), "http.response.status_code", 201);
  if (made.text) tel_attributes_set_text(tel_span_attributes(child), "text", text, made.text);
  if (made.failed) {
    tel_span_set_status(child, TEL_STATUS_ERROR, "It failed.");
    tel_attributes_set_static(tel_span_attributes(child), "error.type", "broken");
  }
  tel_span_end(child, 0);
  tel_span_end(root, now.unix_ns + made.duration_ns);
}

static inline uint64_t recent_fixture_discarded(const struct fixture *f, enum tel_recent_discard why) {
  return atomic_load(&f->tracer.recent->discarded[why]);
}

#endif
