/* SPDX-License-Identifier: MIT */
/* Each file of tests/data/accept/FORMAT and tests/data/accept-encoding/ANSWER is one header's value. */
#include <stdio.h>
#include <string.h>

#include "support/case_files.h"
#include "support/test.h"
#include "telemetry/metrics/exposition.h"

typedef const char *answer_fn(const char *header);

static const char *format_of(const char *accept) {
  return tel_format_negotiate(accept) == TEL_FORMAT_OPENMETRICS ? "openmetrics" : "text";
}

static const char *encoding_of(const char *accept_encoding) {
  return tel_format_accepts_gzip(accept_encoding) ? "gzip" : "identity";
}

struct answer {
  answer_fn *answer;
  const char *expected;
};

static void is_answered(const struct case_file *file, const void *cls) {
  const struct answer *wanted = cls;
  char *header = strndup(file->text, file->len);
  header[strcspn(header, "\n")] = '\0'; /* the file's, not the header's */
  const char *answer = wanted->answer(header);
  ck_assert_msg(strcmp(answer, wanted->expected) == 0, "%s: %s, not %s", file->name, answer,
                wanted->expected);
  free(header);
}

static int check_directory(const char *kind, const char *expected, answer_fn *answer) {
  char directory[128];
  snprintf(directory, sizeof directory, "%s/%s", kind, expected);
  return case_files(directory, "", is_answered, &(struct answer){answer, expected});
}

START_TEST(test_formats) {
  ck_assert_str_eq(format_of(NULL), "text");
  ck_assert_str_eq(format_of(""), "text");
  ck_assert_int_ge(check_directory("accept", "openmetrics", format_of), 10);
  ck_assert_int_ge(check_directory("accept", "text", format_of), 10);
}
END_TEST

START_TEST(test_encodings) {
  ck_assert_str_eq(encoding_of(NULL), "identity");
  ck_assert_str_eq(encoding_of(""), "identity");
  ck_assert_int_ge(check_directory("accept-encoding", "gzip", encoding_of), 5);
  ck_assert_int_ge(check_directory("accept-encoding", "identity", encoding_of), 5);
}
END_TEST

START_TEST(test_json_or_html) {
  static const struct {
    const char *accept;
    bool json;
  } cases[] = {{"", false},
               {"*/*", false},
               {"image/png", false},
               {"application/json", true},
               {"APPLICATION/JSON; charset=utf-8", true},
               {"application/json;version=1", true},
               {"application/jsonp", false},
               {"application/*", true},
               {"text/*", false},
               {"application/json, text/plain, */*", true},
               {"text/html,application/xhtml+xml,*/*;q=0.8", false},
               {"text/html;q=0.5, application/json", true},
               {"text/html, application/json; q=0.9", false},
               {"text/html, application/json", false},
               {"application/json;q=0.25, */*", false},
               {"text/html;q=0, */*", true},
               {"text/*;q=0.1, */*;q=0.2", true},
               {"application/json;q=0", false},
               {"application/json;q=x", false},
               {"text/html;q=0, application/json;q=0", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(tel_accept_prefers_json(cases[i].accept) == cases[i].json, "%s", cases[i].accept);
}
END_TEST

TEST_MAIN("accept", test_formats, test_encodings, test_json_or_html)
