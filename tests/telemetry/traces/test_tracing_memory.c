/* SPDX-License-Identifier: MIT */
/* Fails the first, second, third ... allocation until all succeed. Failures are reported, everything is freed
 * (AddressSanitizer checks that), and every span is accounted for. */
#include <stdio.h>
#include <string.h>

#include "support/allocations.h"
#include "support/test.h"
#include "telemetry/core/attributes_private.h"
#include "telemetry/core/resource.h"
#include "telemetry/otlp/otlp_encoder.h"
#include "telemetry/traces/tracer_fixture.h"
#include "telemetry/traces/tracing.h"

static struct tel_tracing_settings settings;

static bool make_tracing(void) {
  struct tel_tracing *tracing = NULL;
  int error = tel_tracing_new(&settings, "1", "id", NULL, NULL, &tracing);
  allocations_succeed();
  ck_assert(error == TEL_OK || error == TEL_E_MEMORY);
  ck_assert_int_eq(tracing != NULL, error == TEL_OK);
  tel_tracing_free(tracing, 0);
  return error == TEL_OK;
}

static bool make_resource(void) {
  struct tel_attributes *resource = tel_resource_new(&settings, "1", "id");
  allocations_succeed();
  tel_resource_free(resource);
  return resource != NULL;
}

START_TEST(test_making) {
  tel_tracing_settings_init(&settings);
  /* More pairs and more text than a list holds inline. */
  for (int i = 0; i < 40; i++)
    sprintf(settings.resource + strlen(settings.resource), "%skey%d=%060d", i ? "," : "", i, i);
  ck_assert_uint_ge(allocations_walk(make_tracing), 6);
  ck_assert_uint_ge(allocations_walk(make_resource), 3);
}
END_TEST

static struct fixture f;

/* A span that needs the heap: long texts, many attributes, events, links. */
static bool make_span(void) {
  static const char *const keys[] = {"00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11",
                                     "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23",
                                     "24", "25", "26", "27", "28", "29", "30", "31", "32", "33"};
  static char state[600], text[2000];
  memset(state, 's', sizeof state - 1);
  memset(text, 't', sizeof text - 1);
  struct tel_context parent = {.trace_id = {1}, .span_id = {1}, .flags = TEL_FLAG_SAMPLED};
  struct tel_span *span = tel_span_start(&f.tracer, "span", TEL_SPAN_SERVER, &parent, state, 0);
  bool complete = span && span->state[0];
  for (int i = 0; i < 34; i++) tel_attributes_set_string(tel_span_attributes(span), keys[i], "value");
  tel_attributes_set_string(tel_span_attributes(span), "00", text);
  for (int i = 0; i < 3; i++) {
    tel_attributes_set_string(tel_span_add_event(span, "event"), "text", text);
    tel_span_add_link(span, &parent);
  }
  complete = complete && span->attributes.count == 34 && span->events.dropped + span->links.dropped == 0 &&
             span->attributes.dropped == 0;
  for (struct tel_span_item *event = span ? span->events.first : NULL; event; event = event->next)
    complete = complete && event->attributes.dropped == 0;
  tel_span_end(span, 0);
  return complete;
}

START_TEST(test_spans) {
  fixture_init(&f);
  fixture_open(&f, NULL);
  struct tel_span *used_up[64];
  for (int i = 0; i < 64; i++)
    used_up[i] = tel_pool_take_or_allocate(f.tracer.pool); /* so that spans are allocated too */
  ck_assert_uint_ge(allocations_walk(make_span), 10);
  /* One span could not be started, and one could not be encoded at its end. */
  ck_assert_uint_eq(fixture_dropped(&f, TEL_DROP_MEMORY), 2);
  for (int i = 0; i < 64; i++) tel_pool_give_or_free(f.tracer.pool, used_up[i]);
  ck_assert(fixture_close(&f, 0));
  ck_assert(fixture_balanced(&f));
}
END_TEST

static struct tel_span *spans[200];
static struct tel_wire wires[200];

static bool encode(void) {
  static struct tel_attributes resource;
  const struct buf *out = NULL;
  tel_attributes_begin(&resource, TEL_FORM_RESOURCE, 10, UINT32_MAX, 0);
  tel_attributes_set_static(&resource, "service.name", "shop");
  struct tel_otlp_encoder *encoder = tel_otlp_encoder_new(&resource, "shop", "1");
  int error = TEL_E_MEMORY, again = TEL_OK, third = TEL_OK;
  unsigned before = 0, after = 0;
  if (encoder) {
    error = tel_otlp_encode(encoder, wires, 200, &out);
    allocations_succeed();
    if (error) again = tel_otlp_encode(encoder, wires, 200, &out);
    before = allocations_count();
    third = tel_otlp_encode(encoder, wires, 200, &out);
    after = allocations_count();
  }
  allocations_succeed(); /* only now: check allocates, too */
  ck_assert(error == TEL_OK || error == TEL_E_MEMORY);
  ck_assert_int_eq(again, TEL_OK); /* it works again after a failure */
  ck_assert_int_eq(third, TEL_OK);
  ck_assert_uint_eq(after, before); /* the memory that it has is enough to repeat this */
  tel_otlp_encoder_free(encoder);
  return error == TEL_OK;
}

START_TEST(test_encoder) {
  fixture_init(&f);
  fixture_open(&f, NULL);
  for (int i = 0; i < 200; i++) {
    spans[i] = tel_span_start(&f.tracer, "span", TEL_SPAN_SERVER, NULL, NULL, 0);
    for (int e = 0; e < 5; e++)
      tel_attributes_set_string(tel_span_add_event(spans[i], "event"), "broken", "\xFF");
    tel_span_add_link(spans[i], tel_span_context(spans[i]));
    tel_span_set_status(spans[i], TEL_STATUS_ERROR, "text");
    ck_assert(tel_span_seal(spans[i]));
    wires[i] = spans[i]->wire;
  }
  ck_assert_uint_ge(allocations_walk(encode), 5);
  for (int i = 0; i < 200; i++) tel_span_end(spans[i], 0);
  ck_assert(fixture_close(&f, 0));
}
END_TEST

TEST_MAIN("tracing_memory", test_making, test_spans, test_encoder)
