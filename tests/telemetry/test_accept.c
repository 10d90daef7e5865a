/* Each file of tests/data/accept/FORMAT and tests/data/accept-encoding/ANSWER is one header's value. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "support/test.h"
#include "telemetry/exposition.h"

typedef const char *answer_fn(const char *header);

static const char *format_of(const char *accept) {
  return tel_format_negotiate(accept) == TEL_FORMAT_OPENMETRICS ? "openmetrics" : "text";
}

static const char *encoding_of(const char *accept_encoding) {
  return tel_format_accepts_gzip(accept_encoding) ? "gzip" : "identity";
}

static unsigned check_directory(const char *kind, const char *expected, answer_fn *answer) {
  char directory[1024], path[2048], header[4096];
  unsigned count = 0;
  snprintf(directory, sizeof directory, "%s/%s/%s", getenv("TEST_DATA"), kind, expected);
  DIR *dir = opendir(directory);
  ck_assert_msg(dir != NULL, "cannot open %s", directory);
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    size_t len = fread(header, 1, sizeof header - 1, file);
    fclose(file);
    while (len > 0 && header[len - 1] == '\n') len--; /* the file's, not the header's */
    header[len] = '\0';
    ck_assert_msg(strcmp(answer(header), expected) == 0, "%s: not %s: %s", path, expected, header);
    count++;
  }
  closedir(dir);
  return count;
}

START_TEST(test_formats) {
  ck_assert_str_eq(format_of(NULL), "text");
  ck_assert_str_eq(format_of(""), "text");
  ck_assert_uint_ge(check_directory("accept", "openmetrics", format_of), 10);
  ck_assert_uint_ge(check_directory("accept", "text", format_of), 10);
}
END_TEST

START_TEST(test_encodings) {
  ck_assert_str_eq(encoding_of(NULL), "identity");
  ck_assert_str_eq(encoding_of(""), "identity");
  ck_assert_uint_ge(check_directory("accept-encoding", "gzip", encoding_of), 5);
  ck_assert_uint_ge(check_directory("accept-encoding", "identity", encoding_of), 5);
}
END_TEST

TEST_MAIN("accept", test_formats, test_encodings)
