/* SPDX-License-Identifier: MIT */
#include "slack-mock/payload.h"

#include <string.h>

#include "base/buf.h"
#include "support/case_files.h"
#include "support/test.h"

static enum mock_result read_case(const struct case_file *file) {
  json_t *payload = NULL;
  const char *why = NULL;
  const char *form = strstr(file->name, ".form");
  enum mock_result result = mock_payload_read(form != NULL ? "application/x-www-form-urlencoded"
                                                           : "application/json; charset=utf-8",
                                              file->text, file->len, &payload, &why);
  ck_assert_msg((result == MOCK_OK) == (payload != NULL), "%s", file->name);
  ck_assert_msg((result == MOCK_OK) || (why != NULL && *why != '\0'), "%s: refused without a reason",
                file->name);
  json_decref(payload);
  return result;
}

static void is_valid(const struct case_file *file, const void *cls) {
  (void)cls;
  ck_assert_msg(read_case(file) == MOCK_OK, "%s", file->name);
}

/* The name of the file begins with the expected result. */
static void is_invalid(const struct case_file *file, const void *cls) {
  const char *word = mock_result_row(read_case(file))->word;
  size_t expected = strcspn(file->name, ".");
  (void)cls;
  ck_assert_msg(strlen(word) == expected && memcmp(word, file->name, expected) == 0, "%s: %s", file->name,
                word);
}

START_TEST(test_valid_files) {
  ck_assert_int_ge(case_files("slack-payload/valid", "", is_valid, NULL), 20);
}
END_TEST

START_TEST(test_invalid_files) {
  ck_assert_int_ge(case_files("slack-payload/invalid", "", is_invalid, NULL), 40);
}
END_TEST

static json_t *read_ok(const char *type, const struct buf *body) {
  json_t *payload = NULL;
  const char *why = NULL;
  ck_assert_int_eq(mock_payload_read(type, body->data, body->len, &payload, &why), MOCK_OK);
  return payload;
}

START_TEST(test_form_is_decoded) {
  struct buf body = BUF_INIT(SIZE_MAX);
  buf_puts(&body, "payload=%7B%22text%22%3A%22a+b%26c%2B%22%7D&payload=x");
  json_t *payload = read_ok("Application/X-WWW-Form-Urlencoded", &body);
  ck_assert_str_eq(json_string_value(json_object_get(payload, "text")), "a b&c+");
  json_decref(payload);
  buf_free(&body);
}
END_TEST

START_TEST(test_text_is_cut_by_characters) {
  struct buf body = BUF_INIT(SIZE_MAX);
  buf_puts(&body, "{\"text\":\"");
  for (int i = 0; i < MOCK_PAYLOAD_TEXT_MAX + 1; i++)
    buf_puts(&body, "\xc3\xa9"); /* two bytes, one character */
  buf_puts(&body, "\",\"attachments\":[{\"text\":\"");
  for (int i = 0; i < MOCK_PAYLOAD_TEXT_MAX; i++) buf_putc(&body, 'a');
  buf_puts(&body, "b\"}]}");
  json_t *payload = read_ok("application/json", &body);
  const json_t *attachment = json_array_get(json_object_get(payload, "attachments"), 0);
  ck_assert_uint_eq(json_string_length(json_object_get(payload, "text")), 2 * MOCK_PAYLOAD_TEXT_MAX);
  ck_assert_uint_eq(json_string_length(json_object_get(attachment, "text")), MOCK_PAYLOAD_TEXT_MAX);
  ck_assert_ptr_null(strchr(json_string_value(json_object_get(attachment, "text")), 'b'));
  json_decref(payload);
  buf_free(&body);
}
END_TEST

START_TEST(test_hundred_attachments_pass) {
  struct buf body = BUF_INIT(SIZE_MAX);
  buf_puts(&body, "{\"attachments\":[{\"text\":\"x\"}");
  for (int i = 1; i < MOCK_PAYLOAD_ATTACHMENTS_MAX; i++) buf_puts(&body, ",{}");
  buf_puts(&body, "]}");
  json_decref(read_ok("application/json", &body));
  buf_free(&body);
}
END_TEST

START_TEST(test_other_types_are_refused) {
  static const char *const types[] = {NULL,
                                      "",
                                      "text/plain",
                                      "application/jsonx",
                                      "application/xml",
                                      "multipart/form-data",
                                      "application/json x",
                                      "application/json, text/plain",
                                      "application/x-www-form-urlencoded x"};
  json_t *payload = NULL;
  const char *why = NULL;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    enum mock_result result = mock_payload_read(types[i], "{\"text\":\"x\"}", 12, &payload, &why);
    ck_assert_msg(result == MOCK_INVALID_PAYLOAD && payload == NULL, "%s", types[i] ? types[i] : "(none)");
  }
}
END_TEST

START_TEST(test_channel) {
  json_t *named = json_pack("{s:s}", "channel", "#a"), *bare = json_pack("{s:s}", "channel", "");
  ck_assert_str_eq(mock_payload_channel(named), "#a");
  ck_assert_str_eq(mock_payload_channel(bare), "#alerts");
  json_decref(named);
  json_decref(bare);
}
END_TEST

START_TEST(test_paths) {
  static const struct {
    const char *path;
    bool good;
  } cases[] = {
      {"/services/T000/B000/XXXXXXXX", true},
      {"/services/T024BE7LH/B024BE7LH/a-b_c9", true},
      {"/services/T/B0/x", false},
      {"/services/T0/B/x", false},
      {"/services/T0/B0/", false},
      {"/services/T0/B0", false},
      {"/services/T0/B0/x/", false},
      {"/services/T0/B0/x/y", false},
      {"/services/B0/T0/x", false},
      {"/services/t0/b0/x", false},
      {"/services/T0/B0/x%20", false},
      {"/services/T-0/B0/x", false},
      {"/services/", false},
      {"/services", false},
      {"/", false},
      {"", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(mock_payload_path(cases[i].path) == cases[i].good, "%s", cases[i].path);
}
END_TEST

START_TEST(test_another_webhook_is_refused_as_slack_does) {
  static const struct {
    const char *path;
    enum mock_result result;
  } cases[] = {
      {"/services/T0/B0/token", MOCK_OK},
      {"/services/T0/B0/toke", MOCK_INVALID_TOKEN},
      {"/services/T0/B0/token1", MOCK_INVALID_TOKEN},
      {"/services/T0/B1/token", MOCK_NO_SERVICE},
      {"/services/T0/B00/token", MOCK_NO_SERVICE},
      {"/services/T1/B0/token", MOCK_NO_SERVICE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_int_eq(mock_payload_hook(cases[i].path, "/services/T0/B0/token"), cases[i].result);
}
END_TEST

TEST_MAIN("payload", test_valid_files, test_invalid_files, test_form_is_decoded,
          test_text_is_cut_by_characters, test_hundred_attachments_pass, test_other_types_are_refused,
          test_channel, test_paths, test_another_webhook_is_refused_as_slack_does)
