/* SPDX-License-Identifier: MIT */
/* Checks the encoder against OTLP's schema: protobuf-c must read exactly what was set. Random lists with
 * repeated keys, limits, all types and text of any bytes; constant parts that are added as a whole; log
 * lines. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/utf8.h"
#include "support/test.h"
#include "telemetry/core/attributes_private.h"
#include "telemetry/logs/log_json.h"
#include "telemetry/otlp/otlp.pb-c.h"
#include "telemetry/otlp/otlp_encoder.h"
#include "telemetry/traces/tracer_fixture.h"

enum { ROUNDS = 3000, KEYS = 12, MOST = 64, TEXT_MOST = 400 };

static const struct tel_key keys[KEYS] = {
    TEL_KEY("a"),
    TEL_KEY("sku"),
    TEL_KEY("http.route"),
    TEL_KEY("client.address"),
    TEL_KEY("server.address"),
    TEL_KEY("network.peer.address"),
    TEL_KEY("network.peer.port"),
    TEL_KEY("http.request.method"),
    TEL_KEY("http.request.method_original"),
    TEL_KEY("http.response.status_code"),
    TEL_KEY("a.key.that.is.as.long.as.a.prepared.key.is.ok"),
    TEL_KEY("quantity"),
};

/* The model: the expected content of a list. */
struct pair {
  const char *key;
  enum tel_type type;
  int64_t integer;
  double real;
  char text[3 * TEXT_MOST];
  size_t len;
};
static struct {
  struct pair pairs[MOST];
  uint32_t count, limit, value_limit, dropped;
} model;
static uint64_t seed, drawn;

static uint64_t draw(uint64_t below) {
  return random_at(seed, drawn++) % below;
}

static struct pair *model_pair(const char *key) {
  for (uint32_t i = 0; i < model.count; i++)
    if (strcmp(model.pairs[i].key, key) == 0) return &model.pairs[i];
  if (model.count == model.limit) {
    model.dropped++;
    return NULL;
  }
  struct pair *pair = &model.pairs[model.count++];
  pair->key = key;
  return pair;
}

/* Repairs and cuts character by character. */
static void model_text(struct pair *pair, const char *text, size_t len) {
  char *to = pair->text;
  if (len > model.value_limit) len = utf8_cut(text, len, model.value_limit);
  for (size_t at = 0, characters = 0; at < len && characters < model.value_limit; characters++) {
    int step = utf8_sequence(text + at, len - at);
    size_t size = step > 0 ? (size_t)step : 3;
    memcpy(to, step > 0 ? text + at : "\xEF\xBF\xBD", size);
    to += size;
    at += (size_t)(step > 0 ? step : -step);
  }
  pair->len = (size_t)(to - pair->text);
}

static size_t draw_text(char *text) {
  size_t len = draw(8) ? draw(40) : draw(TEXT_MOST);
  unsigned kind = (unsigned)draw(4); /* plain, ASCII, any bytes, almost UTF-8 */
  for (size_t i = 0; i < len; i++) {
    unsigned byte = (unsigned)draw(256);
    text[i] = (char)(kind == 0   ? 'a' + byte % 26
                     : kind == 1 ? byte & 0x7F
                     : kind == 2 ? byte
                                 : (byte & 0x3F) | (i % 3 ? 0x80 : 0xC0 | (byte & 0x20)));
  }
  return len;
}

/* Calls one setter on the list and on the model. */
static void set_one(struct tel_attributes *a) {
  static const int64_t integers[] = {0,       1,  127,       128,      16383, 16384, 65535, (1 << 28) - 1,
                                     1 << 28, -1, INT64_MIN, INT64_MAX};
  static const double reals[] = {0, -0.0, 0.5, 25.731204, 1e300, -2.5e-10, NAN, INFINITY};
  const struct tel_key *key = &keys[draw(KEYS)];
  bool prepared = draw(2);
  char text[TEXT_MOST];
  struct pair *pair = model_pair(key->text), none;
  if (!pair) pair = &none;
  pair->type = (enum tel_type)draw(4);
  pair->integer =
      pair->type == TEL_BOOL ? (int64_t)draw(2) : integers[draw(sizeof integers / sizeof *integers)];
  pair->real = reals[draw(sizeof reals / sizeof *reals)];
  size_t len = draw_text(text);
  model_text(pair, text, len);
  switch (pair->type) {
  case TEL_STRING:
    prepared ? tel_attributes_put_text(a, key, text, len) : tel_attributes_set_text(a, key->text, text, len);
    break;
  case TEL_BOOL:
    prepared ? tel_attributes_put_bool(a, key, pair->integer)
             : tel_attributes_set_bool(a, key->text, pair->integer);
    break;
  case TEL_INT:
    prepared ? tel_attributes_put_int(a, key, pair->integer)
             : tel_attributes_set_int(a, key->text, pair->integer);
    break;
  case TEL_DOUBLE:
    prepared ? tel_attributes_put_double(a, key, pair->real)
             : tel_attributes_set_double(a, key->text, pair->real);
    break;
  }
}

static void fill(struct tel_attributes *a, uint32_t limit, uint32_t value_limit) {
  memset(&model, 0, sizeof model);
  model.limit = limit;
  model.value_limit = value_limit;
  for (uint64_t n = draw(30); n > 0; n--) set_one(a);
}

/* --- Reading by the schema --- */

/* otlp.proto declares KeyValue as bytes, so protobuf-c does not decode its two messages. This code decodes
 * them completely. */
static void expect_pair(const ProtobufCBinaryData *data, const struct pair *wanted) {
  struct wire_reader r = {data->data, data->data + data->len}, value;
  struct wire_field key, outer, inner;
  ck_assert(wire_next(&r, &key) && wire_next(&r, &outer) && r.at == r.end);
  ck_assert(key.number == 1 && key.type == WIRE_BYTES && outer.number == 2 && outer.type == WIRE_BYTES);
  ck_assert_uint_eq(key.len, strlen(wanted->key));
  ck_assert_mem_eq(key.bytes, wanted->key, key.len);
  value = (struct wire_reader){outer.bytes, outer.bytes + outer.len};
  ck_assert(wire_next(&value, &inner) && value.at == value.end);
  ck_assert_uint_eq(inner.number, (unsigned)wanted->type + 1);
  if (wanted->type == TEL_STRING) {
    ck_assert_uint_eq(inner.len, wanted->len);
    ck_assert_mem_eq(inner.bytes, wanted->text, wanted->len);
  } else if (wanted->type == TEL_DOUBLE) {
    ck_assert_mem_eq(&inner.value, &wanted->real, sizeof wanted->real);
  } else {
    ck_assert_int_eq((int64_t)inner.value, wanted->integer);
  }
}

static void expect_pairs(const ProtobufCBinaryData *data, size_t count, uint32_t dropped) {
  ck_assert_uint_eq(count, model.count);
  for (size_t i = 0; i < count; i++) expect_pair(&data[i], &model.pairs[i]);
  ck_assert_uint_eq(dropped, model.dropped);
}

static struct fixture f;

/* A separate span for each case: attributes of the span, of an event, or of a link. */
static void check_span(uint64_t number, struct tel_otlp_encoder *encoder) {
  static const struct tel_context to = {.trace_id = {1}, .span_id = {2}, .flags = 3, .remote = true};
  seed = number;
  drawn = 0;
  uint32_t limit = draw(2) ? 128 : (uint32_t)draw(9), value_limit = draw(2) ? UINT32_MAX : (uint32_t)draw(20);
  f.tracer.settings.attribute_limit = f.tracer.settings.event_attribute_limit = limit;
  f.tracer.settings.link_attribute_limit = limit;
  f.tracer.settings.value_limit = value_limit;
  struct tel_span *span =
      tel_span_start(&f.tracer, "n\xFFme", TEL_SPAN_SERVER, draw(2) ? &to : NULL, "a=1", 1000);
  struct tel_attributes *event = tel_span_add_event(span, "event"), *link = tel_span_add_link(span, &to);
  unsigned which = (unsigned)draw(3);
  fill(which == 0 ? tel_span_attributes(span) : which == 1 ? event : link, limit, value_limit);
  tel_span_set_status(span, TEL_STATUS_ERROR, "why\xC3");
  span->end_unix_ns = 3000;
  ck_assert(tel_span_seal(span));
  const struct buf *out;
  ck_assert_int_eq(tel_otlp_encode(encoder, &span->wire, 1, &out), TEL_OK);
  Tel__Otlp__ExportRequest *request =
      tel__otlp__export_request__unpack(NULL, out->len, (const uint8_t *)out->data);
  ck_assert_msg(request != NULL, "seed %llu", (unsigned long long)number);
  ck_assert_uint_eq(request->n_resource_spans, 1);
  const Tel__Otlp__ScopeSpans *scope = request->resource_spans[0]->scope_spans[0];
  ck_assert_uint_eq(scope->n_spans, 1);
  const Tel__Otlp__Span *read = scope->spans[0];
  ck_assert_mem_eq(read->trace_id.data, span->context.trace_id, 16);
  ck_assert_mem_eq(read->span_id.data, span->context.span_id, 8);
  ck_assert_uint_eq(read->parent_span_id.len, span->has_parent ? 8 : 0);
  ck_assert_uint_eq(read->trace_state.len, span->has_parent ? 3 : 0);
  ck_assert_mem_eq(read->name.data, "n\xEF\xBF\xBDme", 6);
  ck_assert_int_eq(read->kind, TEL_SPAN_SERVER);
  ck_assert_uint_eq(read->start_time_unix_nano, 1000);
  ck_assert_uint_eq(read->end_time_unix_nano, 3000);
  ck_assert_uint_eq(read->flags, span->context.flags | 0x100u | (span->has_parent ? 0x200u : 0));
  ck_assert_int_eq(read->status->code, TEL_STATUS_ERROR);
  ck_assert_mem_eq(read->status->message.data, "why\xEF\xBF\xBD", 6);
  ck_assert(read->n_events == 1 && read->n_links == 1);
  ck_assert_uint_eq(read->links[0]->flags, 3 | 0x100 | 0x200);
  if (which == 0) expect_pairs(read->attributes, read->n_attributes, read->dropped_attributes_count);
  if (which == 1)
    expect_pairs(read->events[0]->attributes, read->events[0]->n_attributes,
                 read->events[0]->dropped_attributes_count);
  if (which == 2)
    expect_pairs(read->links[0]->attributes, read->links[0]->n_attributes,
                 read->links[0]->dropped_attributes_count);
  tel__otlp__export_request__free_unpacked(request, NULL);
  tel_span_release(span);
}

START_TEST(test_spans_by_the_schema) {
  struct tel_attributes resource;
  tel_attributes_begin(&resource, TEL_FORM_RESOURCE, 10, UINT32_MAX, 0);
  tel_attributes_set_string(&resource, "service.name", "shop");
  fixture_init(&f);
  fixture_open(&f, NULL);
  struct tel_otlp_encoder *encoder = tel_otlp_encoder_new(&resource, "scope", "1");
  for (uint64_t number = 1; number <= ROUNDS; number++) check_span(number, encoder);
  tel_otlp_encoder_free(encoder);
  ck_assert(fixture_close(&f, 0));
}
END_TEST

/* tel_attributes_find() must return what was set, in both forms. */
static void expect_found(const struct tel_attributes *a) {
  for (uint32_t i = 0; i < model.count; i++) {
    const struct pair *wanted = &model.pairs[i];
    const struct tel_attribute *found = tel_attributes_find(a, wanted->key);
    ck_assert_msg(found != NULL, "seed %llu: no %s", (unsigned long long)seed, wanted->key);
    if (!a->tag && wanted->type == TEL_DOUBLE) continue; /* JSON has only one type of number */
    ck_assert_int_eq(found->type, wanted->type);
    if (wanted->type == TEL_STRING) {
      ck_assert_uint_eq(found->value.string.len, wanted->len);
      ck_assert_mem_eq(found->value.string.data, wanted->text, wanted->len);
    } else if (wanted->type != TEL_DOUBLE) {
      ck_assert_int_eq(found->value.integer, wanted->integer);
    }
  }
}

START_TEST(test_found_as_set) {
  struct tel_attributes a;
  for (seed = 1; seed <= ROUNDS; seed++) {
    drawn = 0;
    uint32_t limit = (uint32_t)draw(15), value_limit = draw(2) ? 1024 : (uint32_t)draw(20);
    tel_attributes_begin(&a, draw(2) ? TEL_FORM_JSON : TEL_FORM_SPAN, limit, value_limit,
                         (uint32_t)draw(100));
    fill(&a, limit, value_limit);
    ck_assert_uint_eq(a.count, model.count);
    ck_assert_uint_eq(a.dropped, model.dropped);
    expect_found(&a);
    ck_assert_ptr_null(tel_attributes_find(&a, "never set"));
    tel_attributes_clear(&a);
  }
}
END_TEST

/* A collector rejects the whole request if one key is not UTF-8. */
START_TEST(test_keys_and_scopes_are_text) {
  static const char key[] = "caf\xE9", repaired[] = "caf\xEF\xBF\xBD";
  static const uint32_t forms[] = {TEL_FORM_SPAN, TEL_FORM_JSON};
  struct tel_attributes a;
  for (int i = 0; i < 2; i++) {
    tel_attributes_begin(&a, forms[i], 10, 1024, 0);
    tel_attributes_set_int(&a, key, 1);
    ck_assert_int_eq(tel_attributes_find(&a, repaired)->value.integer, 1);
    tel_attributes_set_int(&a, key, INT64_MIN);
    ck_assert_int_eq(tel_attributes_find(&a, repaired)->value.integer, INT64_MIN);
    tel_attributes_set_bool(&a, key, true);
    ck_assert_int_eq(tel_attributes_find(&a, repaired)->type, TEL_BOOL);
    tel_attributes_set_double(&a, key, 0.5);
    ck_assert_int_eq(tel_attributes_find(&a, repaired)->type, TEL_DOUBLE);
    tel_attributes_set_string(&a, key, "short");
    ck_assert_uint_eq(tel_attributes_find(&a, repaired)->value.string.len, 5);
    ck_assert_uint_eq(a.count, 1);
    ck_assert_uint_eq(a.dropped, 0);
    tel_attributes_clear(&a);
  }
  const struct buf *out;
  tel_attributes_begin(&a, TEL_FORM_RESOURCE, 10, 1024, 0);
  struct tel_otlp_encoder *encoder = tel_otlp_encoder_new(&a, key, key);
  ck_assert_int_eq(tel_otlp_encode(encoder, NULL, 0, &out), TEL_OK);
  ck_assert(!memchr(out->data, 0xE9, out->len));
  ck_assert(memchr(out->data, 0xBD, out->len));
  tel_otlp_encoder_free(encoder);
}
END_TEST

/* A log line made of the same list must be JSON with unique keys. */
START_TEST(test_lines_are_json) {
  static struct tel_log_encoder encoder;
  static struct tel_log_record record;
  ck_assert(tel_log_encoder_init(&encoder, "app", "1", "i"));
  for (seed = 1; seed <= ROUNDS; seed++) {
    drawn = 0;
    tel_log_record_init(&record, NULL, TEL_INFO);
    record.message = "m";
    fill(&record.fields, TEL_LOG_FIELDS, TEL_LOG_VALUE_CHARACTERS);
    ck_assert(tel_log_seal(&encoder, &record));
    json_t *line = json_loadb(record.line, record.line_len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    ck_assert_msg(line != NULL, "seed %llu: %.*s", (unsigned long long)seed, (int)record.line_len,
                  record.line);
    ck_assert_uint_eq(json_object_size(line), 7 + model.count);
    for (uint32_t i = 0; i < model.count; i++) {
      const struct pair *wanted = &model.pairs[i];
      const json_t *value = json_object_get(line, wanted->key);
      if (wanted->type == TEL_STRING) {
        ck_assert_uint_eq(json_string_length(value), wanted->len);
        ck_assert_mem_eq(json_string_value(value), wanted->text, wanted->len);
      } else if (wanted->type == TEL_BOOL) {
        ck_assert_int_eq(json_is_true(value), wanted->integer);
      } else if (wanted->type == TEL_INT) {
        ck_assert_int_eq(json_integer_value(value), wanted->integer);
      } else {
        ck_assert(isfinite(wanted->real) ? json_number_value(value) == wanted->real : json_is_null(value));
      }
    }
    json_decref(line);
    tel_attributes_clear(&record.fields);
  }
  tel_log_encoder_free(&encoder);
}
END_TEST

/* Adding a block must have the same result as adding its pairs one by one: with existing keys, limits, or no
 * room. */
START_TEST(test_blocks) {
  for (int before = 0; before < 3; before++)
    for (uint32_t limit = 0; limit < 6; limit++)
      for (uint32_t value_limit = 1; value_limit < 10; value_limit += 4) {
        struct tel_attributes block, whole, each;
        tel_attributes_begin(&block, TEL_FORM_SPAN, 9, UINT32_MAX, 0);
        tel_attributes_begin(&whole, TEL_FORM_SPAN, limit, value_limit, 16);
        tel_attributes_begin(&each, TEL_FORM_SPAN, limit, value_limit, 16);
        tel_attributes_put_string(&block, &keys[1], "POST");
        tel_attributes_put_int(&block, &keys[2], 201);
        tel_attributes_put_bool(&block, &keys[3], true);
        struct tel_attributes *const both[] = {&whole, &each};
        for (int i = 0; i < 2; i++) {
          if (before > 0) tel_attributes_put_string(both[i], &keys[3], "there before");
          if (before > 1) tel_attributes_put_int(both[i], &keys[1], 7);
        }
        struct tel_block *prepared = tel_block_new(&block);
        tel_attributes_add_block(&whole, prepared);
        tel_attributes_put_string(&each, &keys[1], "POST");
        tel_attributes_put_int(&each, &keys[2], 201);
        tel_attributes_put_bool(&each, &keys[3], true);
        ck_assert_uint_eq(whole.dropped, each.dropped);
        ck_assert_uint_eq(whole.count, each.count);
        ck_assert_uint_eq(tel_attributes_pairs_size(&whole), tel_attributes_pairs_size(&each));
        ck_assert_mem_eq(tel_attributes_pairs(&whole), tel_attributes_pairs(&each),
                         tel_attributes_pairs_size(&each));
        tel_block_free(prepared);
        for (int i = 0; i < 2; i++) tel_attributes_clear(both[i]);
        tel_attributes_clear(&block);
      }
}
END_TEST

/* A prepared key must have the same hash as its text, or a key could occur twice. */
START_TEST(test_numbers_of_keys) {
  for (int i = 0; i < KEYS; i++) {
    ck_assert_uint_eq(keys[i].id, tel_name_of(keys[i].text, strlen(keys[i].text)).id);
    for (int n = 0; n < i; n++) ck_assert_uint_ne(keys[i].id, keys[n].id);
  }
}
END_TEST

TEST_MAIN("encoding", test_spans_by_the_schema, test_found_as_set, test_keys_and_scopes_are_text,
          test_lines_are_json, test_blocks, test_numbers_of_keys)
