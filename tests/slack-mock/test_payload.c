#include "slack-mock/payload.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "support/test.h"

static void read_file(const char *dir, const char *name, struct buf *out) {
  char path[1024];
  size_t n;
  snprintf(path, sizeof path, "%s/slack-payload/%s/%s", getenv("TEST_DATA"), dir, name);
  FILE *in = fopen(path, "rb");
  ck_assert_msg(in != NULL, "%s: cannot be read", path);
  while ((n = fread(buf_reserve(out, 65536), 1, 65536, in)) > 0) out->len += n;
  fclose(in);
}

static enum mock_answer check_file(const char *dir, const char *name) {
  struct buf body = BUF_INIT(SIZE_MAX);
  json_t *payload = NULL;
  const char *why = NULL;
  const char *form = strstr(name, ".form");
  read_file(dir, name, &body);
  enum mock_answer answer = mock_payload_read(form != NULL ? "application/x-www-form-urlencoded"
                                                           : "application/json; charset=utf-8",
                                              body.data, body.len, &payload, &why);
  ck_assert_msg((answer == MOCK_OK) == (payload != NULL), "%s", name);
  ck_assert_msg((answer == MOCK_OK) || (why != NULL && *why != '\0'), "%s: refused without a reason", name);
  json_decref(payload);
  buf_free(&body);
  return answer;
}

/* A valid case is any file; an invalid one's name begins with the answer it shall get. */
static int check_directory(const char *dir) {
  char path[1024];
  snprintf(path, sizeof path, "%s/slack-payload/%s", getenv("TEST_DATA"), dir);
  DIR *files = opendir(path);
  ck_assert_msg(files != NULL, "%s: cannot be read", path);
  bool valid = strcmp(dir, "valid") == 0;
  int count = 0;
  for (struct dirent *file; (file = readdir(files)) != NULL;) {
    if (file->d_name[0] == '.') continue;
    const char *word = mock_answer_row(check_file(dir, file->d_name))->word;
    size_t expected = valid ? 0 : strcspn(file->d_name, ".");
    ck_assert_msg(valid ? strcmp(word, "ok") == 0
                        : strlen(word) == expected && memcmp(word, file->d_name, expected) == 0,
                  "%s/%s: %s", dir, file->d_name, word);
    count++;
  }
  closedir(files);
  return count;
}

START_TEST(test_valid_files) {
  ck_assert_int_ge(check_directory("valid"), 20);
}
END_TEST

START_TEST(test_invalid_files) {
  ck_assert_int_ge(check_directory("invalid"), 40);
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
  static const char *const types[] = {
      NULL, "", "text/plain", "application/jsonx", "application/xml", "multipart/form-data"};
  json_t *payload = NULL;
  const char *why = NULL;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    enum mock_answer answer = mock_payload_read(types[i], "{\"text\":\"x\"}", 12, &payload, &why);
    ck_assert_msg(answer == MOCK_INVALID_PAYLOAD && payload == NULL, "%s", types[i] ? types[i] : "(none)");
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
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_msg(mock_payload_path(cases[i].path) == cases[i].good, "%s", cases[i].path);
  }
}
END_TEST

TEST_MAIN("payload", test_valid_files, test_invalid_files, test_form_is_decoded,
          test_text_is_cut_by_characters, test_hundred_attachments_pass, test_other_types_are_refused,
          test_channel, test_paths)
