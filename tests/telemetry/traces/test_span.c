/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "support/test.h"
#include "telemetry/traces/span_clock.h"
#include "telemetry/traces/tracer_fixture.h"

static struct fixture f;

static void setup_with(enum tel_sampler sampler, bool parent_based) {
  fixture_init(&f);
  f.tracer.settings.sampler = sampler;
  f.tracer.settings.parent_based = parent_based;
  fixture_open(&f, NULL);
}

static void close_balanced(void) {
  ck_assert(fixture_close(&f, 0));
  ck_assert(fixture_balanced(&f));
}

static struct tel_context remote(uint8_t flags) {
  struct tel_context context = {.flags = flags, .remote = true};
  memset(context.trace_id, 0xab, sizeof context.trace_id);
  memset(context.span_id, 0xcd, sizeof context.span_id);
  return context;
}

static struct tel_span *start(const struct tel_context *parent, const char *state) {
  return tel_span_start(&f.tracer, "name", TEL_SPAN_SERVER, parent, state, 0);
}

START_TEST(test_new_trace) {
  setup_with(TEL_SAMPLER_ALWAYS_ON, true);
  struct tel_span *span = start(NULL, "ignored=1"), *other = start(NULL, NULL);
  const struct tel_context *context = tel_span_context(span);
  ck_assert(tel_context_valid(context));
  ck_assert_uint_eq(context->flags, TEL_FLAG_SAMPLED | TEL_FLAG_RANDOM);
  ck_assert(!context->remote);
  ck_assert(!span->has_parent);
  ck_assert_str_eq(span->state, "");
  ck_assert_ptr_nonnull(tel_span_attributes(span));
  ck_assert_int_ne(memcmp(context->trace_id, other->context.trace_id, 16), 0);
  ck_assert_int_ne(memcmp(context->span_id, other->context.span_id, 8), 0);
  ck_assert_uint_gt(span->start_unix_ns, 0);
  tel_span_end(span, 0);
  tel_span_end(other, 0);
  ck_assert_uint_eq(atomic_load(&f.counts.started), 2);
  close_balanced();
}
END_TEST

START_TEST(test_continued_trace) {
  char state[2000] = "key=";
  memset(state + 4, 'v', sizeof state - 5);
  setup_with(TEL_SAMPLER_ALWAYS_OFF, true);
  for (int random = 0; random <= 2; random += 2) {
    const struct tel_context parent = remote((uint8_t)(TEL_FLAG_SAMPLED | random));
    struct tel_span *span = start(&parent, random ? state : "a=1");
    struct tel_span *child = tel_span_start_child(&f.tracer, "child", TEL_SPAN_INTERNAL, span);
    ck_assert_mem_eq(span->context.trace_id, parent.trace_id, 16);
    ck_assert_mem_eq(span->parent_id, parent.span_id, 8);
    ck_assert(span->has_parent && span->parent_remote && !span->context.remote);
    ck_assert_uint_eq(span->context.flags, parent.flags);
    ck_assert_str_eq(span->state, random ? state : "a=1");
    ck_assert_mem_eq(child->context.trace_id, parent.trace_id, 16);
    ck_assert_mem_eq(child->parent_id, span->context.span_id, 8);
    ck_assert(child->has_parent && !child->parent_remote && child->recording);
    ck_assert_uint_eq(child->context.flags, parent.flags);
    ck_assert_str_eq(child->state, span->state);
    tel_span_end(child, 0);
    tel_span_end(span, 0);
  }
  close_balanced();
}
END_TEST

/* A sampler's decisions without a parent, with a sampled parent, and with an unsampled one. */
static void expect_sampled(bool root, bool with_sampled, bool without) {
  const struct tel_context yes = remote(TEL_FLAG_SAMPLED), no = remote(0);
  const struct tel_context *const parents[] = {NULL, &yes, &no};
  const bool expected[] = {root, with_sampled, without};
  for (int i = 0; i < 3; i++) {
    struct tel_span *span = start(parents[i], NULL);
    struct tel_span *child = tel_span_start_child(&f.tracer, "child", TEL_SPAN_INTERNAL, span);
    ck_assert_int_eq(tel_context_sampled(tel_span_context(span)), expected[i]);
    ck_assert_int_eq(tel_context_sampled(tel_span_context(child)), expected[i]);
    ck_assert_int_eq(tel_span_attributes(span) != NULL, expected[i]);
    ck_assert_int_eq(tel_span_attributes(child) != NULL, expected[i]);
    ck_assert(tel_context_valid(tel_span_context(child)));
    if (!expected[i]) {
      ck_assert_ptr_null(tel_span_add_event(span, "event"));
      ck_assert_ptr_null(tel_span_add_link(span, &yes));
      tel_span_set_status(span, TEL_STATUS_ERROR, "nobody listens");
    }
    tel_span_end(child, 0);
    tel_span_end(span, 0);
  }
  uint64_t recorded = 2 * ((uint64_t)root + with_sampled + without);
  ck_assert_uint_eq(atomic_load(&f.counts.started), recorded);
  ck_assert_uint_eq(tel_batch_queued(f.tracer.batch), recorded);
  close_balanced();
}

START_TEST(test_samplers) {
  setup_with(TEL_SAMPLER_ALWAYS_ON, true);
  expect_sampled(true, true, false);
  setup_with(TEL_SAMPLER_ALWAYS_OFF, true);
  expect_sampled(false, true, false);
  setup_with(TEL_SAMPLER_ALWAYS_ON, false);
  expect_sampled(true, true, true);
  setup_with(TEL_SAMPLER_ALWAYS_OFF, false);
  expect_sampled(false, false, false);
  fixture_init(&f);
  f.tracer.settings.sampler = TEL_SAMPLER_RATIO;
  f.tracer.settings.ratio = 0;
  fixture_open(&f, NULL);
  expect_sampled(false, true, false);
}
END_TEST

START_TEST(test_off_records_nothing_and_continues) {
  fixture_init(&f);
  f.tracer.settings.exporter = TEL_EXPORTER_NONE;
  fixture_open(&f, NULL);
  const struct tel_context yes = remote(TEL_FLAG_SAMPLED), no = remote(0);
  const struct tel_context *const parents[] = {NULL, &yes, &no};
  const uint8_t flags[] = {TEL_FLAG_RANDOM, TEL_FLAG_SAMPLED, 0};
  for (int i = 0; i < 3; i++) {
    struct tel_span *span = start(parents[i], "a=1");
    ck_assert(tel_context_valid(tel_span_context(span)));
    ck_assert_uint_eq(tel_span_context(span)->flags, flags[i]);
    ck_assert_ptr_null(tel_span_attributes(span));
    if (parents[i]) ck_assert_mem_eq(tel_span_context(span)->trace_id, parents[i]->trace_id, 16);
    tel_span_end(span, 0);
  }
  ck_assert_uint_eq(atomic_load(&f.counts.started), 0);
  close_balanced();
}
END_TEST

/* They follow the same rules as a span. */
START_TEST(test_ids_without_a_span) {
  struct tel_context parent = remote(TEL_FLAG_SAMPLED | TEL_FLAG_RANDOM), invalid = remote(0), ids;
  memset(invalid.trace_id, 0, sizeof invalid.trace_id);
  fixture_init(&f);
  fixture_open(&f, NULL);
#define IDENTIFY(parent) tel_tracer_identify(&f.tracer, parent, &ids), ck_assert(tel_context_valid(&ids))
  IDENTIFY(&parent);
  ck_assert_mem_eq(ids.trace_id, parent.trace_id, sizeof ids.trace_id);
  ck_assert_mem_ne(ids.span_id, parent.span_id, sizeof ids.span_id);
  ck_assert_uint_eq(ids.flags, TEL_FLAG_RANDOM);
  ck_assert(!ids.remote);
  parent.flags = TEL_FLAG_SAMPLED;
  IDENTIFY(&parent);
  ck_assert_uint_eq(ids.flags, 0);
  tel_tracer_identify(NULL, &parent, &ids);
  ck_assert_mem_eq(ids.trace_id, parent.trace_id, sizeof ids.trace_id);
  const struct tel_context *const none[] = {NULL, &invalid, &parent};
  f.tracer.settings.propagate = false;
  for (int i = 0; i < 3; i++) {
    IDENTIFY(none[i]);
    ck_assert_mem_ne(ids.trace_id, parent.trace_id, sizeof ids.trace_id);
    ck_assert_uint_eq(ids.flags, TEL_FLAG_RANDOM);
  }
  close_balanced();
}
END_TEST

START_TEST(test_without_propagation) {
  fixture_init(&f);
  f.tracer.settings.propagate = false;
  fixture_open(&f, NULL);
  struct tel_context parent = remote(0), invalid = remote(TEL_FLAG_SAMPLED);
  struct tel_span *span = start(&parent, "a=1");
  ck_assert(!span->has_parent);
  ck_assert(tel_context_sampled(tel_span_context(span)));
  ck_assert_str_eq(span->state, "");
  tel_span_end(span, 0);
  parent.remote = false; /* of this process: no propagation is needed */
  span = start(&parent, NULL);
  ck_assert(span->has_parent);
  tel_span_end(span, 0);
  memset(invalid.span_id, 0, 8);
  invalid.remote = false;
  span = start(&invalid, NULL);
  ck_assert(!span->has_parent);
  tel_span_end(span, 0);
  close_balanced();
}
END_TEST

START_TEST(test_limits) {
  fixture_init(&f);
  f.tracer.settings.attribute_limit = 2;
  f.tracer.settings.event_limit = 3;
  f.tracer.settings.link_limit = 2;
  f.tracer.settings.event_attribute_limit = 1;
  f.tracer.settings.value_limit = 4;
  fixture_open(&f, NULL);
  struct tel_span *span = start(NULL, NULL);
  const struct tel_context to = remote(0), invalid = {.flags = 1};
  for (int i = 0; i < 5; i++) {
    struct tel_attributes *event = tel_span_add_event(span, "event");
    ck_assert_int_eq(event != NULL, i < 3);
    tel_attributes_set_string(event, "a", "12345");
    tel_attributes_set_int(event, "b", 1);
    ck_assert_int_eq(tel_span_add_link(span, &to) != NULL, i < 2);
    ck_assert_ptr_null(tel_span_add_link(span, &invalid));
  }
  tel_attributes_set_int(tel_span_attributes(span), "a", 1);
  tel_attributes_set_int(tel_span_attributes(span), "b", 2);
  tel_attributes_set_int(tel_span_attributes(span), "c", 3);
  ck_assert_uint_eq(span->attributes.dropped, 1);
  ck_assert_uint_eq(span->events.count, 3);
  ck_assert_uint_eq(span->events.dropped, 2);
  ck_assert_uint_eq(span->links.count, 2);
  ck_assert_uint_eq(span->links.dropped, 3); /* invalid links do not count */
  for (struct tel_span_item *event = span->events.first; event; event = event->next) {
    ck_assert_uint_eq(event->attributes.count, 1);
    ck_assert_uint_eq(event->attributes.dropped, 1);
    ck_assert_uint_eq(tel_attributes_find(&event->attributes, "a")->value.string.len, 4);
    ck_assert_uint_gt(event->unix_ns, 0);
  }
  tel_span_end(span, 0);
  close_balanced();
}
END_TEST

START_TEST(test_status) {
  char text[400];
  memset(text, 'a', sizeof text);
  memcpy(text + 253, "\xE2\x82\xAC", 3); /* its last byte does not fit */
  text[sizeof text - 1] = '\0';
  setup_with(TEL_SAMPLER_ALWAYS_ON, true);
  struct tel_span *span = start(NULL, NULL);
  tel_span_set_status(span, TEL_STATUS_ERROR, "first");
  ck_assert_str_eq(span->status_text, "first");
  tel_span_set_status(span, TEL_STATUS_UNSET, NULL);
  ck_assert_int_eq(span->status, TEL_STATUS_ERROR);
  tel_span_set_status(span, TEL_STATUS_ERROR, text);
  ck_assert_uint_eq(strlen(span->status_text), 253);
  tel_span_set_status(span, TEL_STATUS_OK, "no text with this one");
  ck_assert_int_eq(span->status, TEL_STATUS_OK);
  ck_assert_str_eq(span->status_text, "");
  tel_span_set_status(span, TEL_STATUS_ERROR, "too late");
  ck_assert_int_eq(span->status, TEL_STATUS_OK);
  tel_span_end(span, 0);
  close_balanced();
}
END_TEST

START_TEST(test_queue_size_is_exact) {
  fixture_init(&f);
  f.tracer.settings.queue_size = 100;
  f.tracer.settings.batch_size = 100;
  fixture_open(&f, NULL); /* no exporter runs */
  fixture_emit(&f, 130);
  ck_assert_uint_eq(tel_batch_queued(f.tracer.batch), 100);
  ck_assert_uint_eq(fixture_dropped(&f, TEL_DROP_QUEUE_FULL), 30);
  ck_assert(fixture_close(&f, 0));
  ck_assert_uint_eq(fixture_dropped(&f, TEL_DROP_SHUTDOWN), 100);
  ck_assert(fixture_balanced(&f));
}
END_TEST

START_TEST(test_more_spans_than_the_pool_has) {
  enum { SPANS = 200 }; /* the fixture's pool has 64 */
  struct tel_span *spans[SPANS];
  setup_with(TEL_SAMPLER_ALWAYS_ON, true);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < SPANS; i++) {
      spans[i] = start(NULL, NULL);
      tel_attributes_set_int(tel_span_attributes(spans[i]), "number", i);
      tel_span_add_event(spans[i], "inside");
      tel_span_add_event(spans[i], "heap");
    }
    for (int i = 0; i < SPANS; i++) {
      ck_assert_int_eq(tel_attributes_find(tel_span_attributes(spans[i]), "number")->value.integer, i);
      tel_span_end(spans[i], 0);
    }
  }
  close_balanced();
}
END_TEST

/* OTLP also has PRODUCER and CONSUMER (4 and 5). They must not index tables of names. */
START_TEST(test_values_outside_of_the_enums) {
  static const int kinds[] = {-1, 0, 4, 5, 1000}, statuses[] = {-1, 3, 1000};
  setup_with(TEL_SAMPLER_ALWAYS_ON, true);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    struct tel_span *span = tel_span_start(&f.tracer, "x", (enum tel_span_kind)kinds[i], NULL, NULL, 0);
    ck_assert_int_eq(span->kind, TEL_SPAN_INTERNAL);
    for (size_t n = 0; n < sizeof statuses / sizeof *statuses; n++)
      tel_span_set_status(span, (enum tel_span_status)statuses[n], "x");
    ck_assert_int_eq(span->status, TEL_STATUS_UNSET);
    tel_span_end(span, 0);
  }
  fixture_close(&f, 0);
}
END_TEST

START_TEST(test_null) {
  ck_assert_ptr_null(tel_span_start(NULL, "x", TEL_SPAN_SERVER, NULL, NULL, 0));
  ck_assert_ptr_null(tel_span_start_child(NULL, "x", TEL_SPAN_SERVER, NULL));
  ck_assert(!tel_context_valid(tel_span_context(NULL)));
  ck_assert_ptr_null(tel_span_attributes(NULL));
  ck_assert_ptr_null(tel_span_add_event(NULL, "x"));
  ck_assert_ptr_null(tel_span_add_link(NULL, tel_span_context(NULL)));
  tel_span_set_status(NULL, TEL_STATUS_OK, NULL);
  tel_span_end(NULL, 0);
}
END_TEST

TEST_MAIN("span", test_new_trace, test_continued_trace, test_samplers, test_off_records_nothing_and_continues,
          test_without_propagation, test_ids_without_a_span, test_limits, test_status,
          test_queue_size_is_exact, test_more_spans_than_the_pool_has, test_values_outside_of_the_enums,
          test_null)
