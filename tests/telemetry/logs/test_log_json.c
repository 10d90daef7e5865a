/* SPDX-License-Identifier: MIT */
/* tests/data/log-json: NAME.in is a value's bytes, NAME.out the JSON string that it becomes. */
#include "telemetry/logs/log_json.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "support/case_files.h"
#include "support/test.h"

static struct tel_log_encoder encoder;
static struct tel_log_record record;

static void begin(void) {
  tel_log_record_init(&record, NULL, TEL_INFO);
  record.message = "m";
}

/* Makes the line and returns a copy with a NUL. Free it. */
static char *sealed(void) {
  ck_assert(tel_log_seal(&encoder, &record));
  return strndup(record.line, record.line_len);
}

static void end(void) {
  tel_attributes_clear(&record.fields);
  tel_log_encoder_free(&encoder);
}

static void check_case(const struct case_file *file, const void *cls) {
  char *out = case_beside(file, ".out");
  size_t out_len = strlen(out);
  (void)cls;
  ck_assert_uint_gt(out_len, 0);
  out[out_len - 1] = '\0'; /* the file's newline */
  begin();
  ck_assert(tel_log_encoder_init(&encoder, NULL, NULL, NULL));
  tel_attributes_set_text(&record.fields, "v", file->text, file->len);
  char expected[8192], *line = sealed();
  snprintf(expected, sizeof expected,
           "{\"timestamp\":\"1970-01-01T00:00:00.000000000Z\",\"level\":\"INFO\",\"severity_number\":9,"
           "\"message\":\"m\",\"v\":%s}\n",
           out);
  ck_assert_msg(strcmp(line, expected) == 0, "%s:\n%s%s", file->name, line, expected);
  end();
  free(line);
  free(out);
}

START_TEST(test_cases) {
  ck_assert_int_ge(case_files("log-json", ".in", check_case, NULL), 25);
}
END_TEST

START_TEST(test_whole_line) {
  begin();
  ck_assert(tel_log_encoder_init(&encoder, "minishop", "1.0\"", "i\n"));
  record.level = TEL_FATAL;
  record.time_unix_ns = UINT64_C(1767322800123456789);
  struct tel_context context = {{0xab}, {0xcd}, TEL_FLAG_SAMPLED | TEL_FLAG_RANDOM, true};
  tel_log_context(&record, &context);
  tel_attributes_set_int(&record.fields, "low", INT64_MIN);
  tel_attributes_set_double(&record.fields, "ms", 25.125);
  tel_attributes_set_double(&record.fields, "tiny", -2.2250738585072014e-308);
  tel_attributes_set_double(&record.fields, "nan", NAN);
  tel_attributes_set_double(&record.fields, "inf", -INFINITY);
  tel_attributes_set_bool(&record.fields, "yes", true);
  tel_attributes_set_bool(&record.fields, "no", false);
  char *line = sealed();
  ck_assert_str_eq(
      line,
      "{\"timestamp\":\"2026-01-02T03:00:00.123456789Z\",\"level\":\"FATAL\",\"severity_number\":21,"
      "\"message\":\"m\",\"app\":\"minishop\",\"version\":\"1.0\\\"\",\"instance\":\"i\\n\","
      "\"trace_id\":\"ab000000000000000000000000000000\",\"span_id\":\"cd00000000000000\",\"trace_flags\":"
      "\"03\","
      "\"low\":-9223372036854775808,\"ms\":25.125,\"tiny\":-2.2250738585072014e-308,\"nan\":null,\"inf\":"
      "null,\"yes\":true,\"no\":false}\n");
  free(line);
  end();
}
END_TEST

START_TEST(test_no_key_is_there_twice) {
  static const char *const names[] = {"timestamp", "level",    "severity_number", "message", "app",
                                      "version",   "instance", "trace_id",        "span_id", "trace_flags"};
  begin();
  ck_assert(tel_log_encoder_init(&encoder, "minishop", "1", "i"));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    tel_attributes_set_static(&record.fields, names[i], "forged");
  tel_attributes_set_static(&record.fields, "levels", "mine");
  char *line = sealed();
  ck_assert_ptr_null(strstr(line, "forged"));
  ck_assert_ptr_nonnull(strstr(line, ",\"levels\":\"mine\"}"));
  free(line);
  end();
}
END_TEST

/* If a message is longer than the room before the fields, the fields move. */
START_TEST(test_a_long_message) {
  char message[5000], expected[2 * sizeof message];
  for (size_t len = 0; len < sizeof message; len += 111) {
    memset(message, 'x', len);
    message[len] = '\0';
    begin();
    ck_assert(tel_log_encoder_init(&encoder, NULL, NULL, NULL));
    record.message = message;
    tel_attributes_set_text(&record.fields, "v", message, len < 1000 ? len : 1000);
    snprintf(expected, sizeof expected,
             "{\"timestamp\":\"1970-01-01T00:00:00.000000000Z\",\"level\":\"INFO\",\"severity_number\":9,"
             "\"message\":\"%s\",\"v\":\"%.1000s\"}\n",
             message, message);
    char *line = sealed();
    ck_assert_str_eq(line, expected);
    free(line);
    end();
  }
}
END_TEST

/* The maximum number of random fields, with random bytes of each kind. */
START_TEST(test_any_bytes_make_one_line) {
  static char keys[TEL_LOG_FIELDS][8];
  for (size_t i = 0; i < TEL_LOG_FIELDS; i++) snprintf(keys[i], sizeof keys[i], "k%zu", i);
  for (uint64_t round = 0; round < 300; round++) {
    begin();
    ck_assert(tel_log_encoder_init(&encoder, "minishop", "1", "i"));
    size_t fields = 1 + random_at(round, 0) % TEL_LOG_FIELDS;
    for (size_t i = 0; i < fields; i++) {
      unsigned char text[5000];
      size_t len = random_at(round, 3 * i + 1) % (round % 2 ? 40 : sizeof text);
      unsigned kind = random_at(round, 3 * i + 2) % 4; /* any, ASCII, controls, almost UTF-8 */
      for (size_t n = 0; n < len; n++) {
        unsigned byte = (unsigned)random_at(round * 100 + i, n);
        text[n] = (unsigned char)(kind == 0   ? byte
                                  : kind == 1 ? byte & 0x7F
                                  : kind == 2 ? byte & 0x1F
                                              : (byte & 0x3F) | (n % 3 ? 0x80 : 0xC0 | (byte & 0x20)));
      }
      tel_attributes_set_text(&record.fields, keys[i], (const char *)text, len);
    }
    ck_assert(tel_log_seal(&encoder, &record));
    const char *line = record.line;
    ck_assert_ptr_eq(memchr(line, '\n', record.line_len), line + record.line_len - 1);
    json_t *json = json_loadb(line, record.line_len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    ck_assert_ptr_nonnull(json);
    ck_assert_uint_eq(json_object_size(json), 7 + fields);
    json_decref(json);
    end();
  }
}
END_TEST

TEST_MAIN("log-json", test_cases, test_whole_line, test_no_key_is_there_twice, test_a_long_message,
          test_any_bytes_make_one_line)
