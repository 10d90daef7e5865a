/* SPDX-License-Identifier: MIT */
#include "telemetry/metrics/exposition.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/file.h"
#include "support/test.h"
#include "telemetry/metrics/metrics_model.h"
#include "telemetry/metrics/sample_registry.h"

/* A file of the test data as a string, which the caller frees. */
static char *data_file(const char *name) {
  char path[1024];
  snprintf(path, sizeof path, "%s/exposition/%s", getenv("TEST_DATA"), name);
  char *text = malloc(65536);
  ssize_t len = file_read(path, text, 65536);
  ck_assert_msg(len >= 0 && len < 65535, "cannot read %s", path);
  return text;
}

static void check_golden(enum tel_format format, const char *name) {
  struct tel_registry *registry = sample_registry_new();
  struct buf out = BUF_INIT(SIZE_MAX);
  ck_assert_int_eq(tel_exposition_write(registry, format, &out), 0);
  char *expected = data_file(name);
  ck_assert_str_eq(buf_cstr(&out), expected);
  free(expected);
  buf_free(&out);
  tel_registry_free(registry);
}

START_TEST(test_text_is_exact) {
  check_golden(TEL_FORMAT_TEXT, "sample.prom");
}
END_TEST

START_TEST(test_openmetrics_is_exact) {
  check_golden(TEL_FORMAT_OPENMETRICS, "sample.openmetrics");
}
END_TEST

START_TEST(test_content_types) {
  ck_assert_str_eq(tel_format_content_type(TEL_FORMAT_TEXT), "text/plain; version=0.0.4; charset=utf-8");
  ck_assert_str_eq(tel_format_content_type(TEL_FORMAT_OPENMETRICS),
                   "application/openmetrics-text; version=1.0.0; charset=utf-8");
}
END_TEST

/* The canonical examples of the OpenMetrics specification; text has them without ".0". */
START_TEST(test_canonical_bounds) {
  static const struct {
    double bound;
    const char *openmetrics, *text;
  } cases[] = {{0, "0.0", "0"},
               {-0.0, "0.0", "0"},
               {0.001, "0.001", "0.001"},
               {0.99, "0.99", "0.99"},
               {1, "1.0", "1"},
               {1.7, "1.7", "1.7"},
               {10, "10.0", "10"},
               {1e-10, "1e-10", "1e-10"},
               {1e-9, "1e-09", "1e-09"},
               {1e-5, "1e-05", "1e-05"},
               {0.0001, "0.0001", "0.0001"},
               {100000, "100000.0", "100000"},
               {1e6, "1e+06", "1e+06"},
               {1e10, "1e+10", "1e+10"},
               {123456.5, "123456.5", "123456.5"},
               {1048576, "1.048576e+06", "1.048576e+06"},
               {0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"},
               {1.7976931348623157e308, "1.7976931348623157e+308", "1.7976931348623157e+308"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct tel_registry *registry = tel_registry_new(NULL);
    struct tel_family *family;
    struct tel_family_spec spec = {.name = "h", .buckets = &cases[i].bound, .bucket_count = 1};
    ck_assert_int_eq(tel_histogram_family(registry, &spec, &family), 0);
    for (int format = TEL_FORMAT_TEXT; format <= TEL_FORMAT_OPENMETRICS; format++) {
      struct buf out = BUF_INIT(SIZE_MAX);
      char line[100];
      const char *bound = format == TEL_FORMAT_TEXT ? cases[i].text : cases[i].openmetrics;
      snprintf(line, sizeof line, "\nh_bucket{le=\"%s\"} 0\n", bound);
      ck_assert_int_eq(tel_exposition_write(registry, (enum tel_format)format, &out), 0);
      ck_assert_msg(strstr(buf_cstr(&out), line) != NULL, "no %s in %s", line, buf_cstr(&out));
      buf_free(&out);
    }
    tel_registry_free(registry);
  }
}
END_TEST

START_TEST(test_whole_or_absent) {
  struct tel_registry *registry = sample_registry_new();
  struct buf whole = BUF_INIT(SIZE_MAX);
  ck_assert_int_eq(tel_exposition_write(registry, TEL_FORMAT_OPENMETRICS, &whole), 0);
  for (size_t limit = 0; limit < whole.len - 100; limit += 97) { /* the duration's digits may become fewer */
    struct buf out = BUF_INIT(limit);
    ck_assert_int_eq(tel_exposition_write(registry, TEL_FORMAT_OPENMETRICS, &out), TEL_E_MEMORY);
    ck_assert(buf_failed(&out));
    buf_free(&out);
  }
  buf_free(&whole);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_appends_to_what_is_there) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct buf out = BUF_INIT(SIZE_MAX);
  buf_puts(&out, "before\n");
  for (int i = 0; i < 3; i++) ck_assert_int_eq(tel_exposition_write(registry, TEL_FORMAT_TEXT, &out), 0);
  ck_assert_int_eq(strncmp(buf_cstr(&out), "before\n# ", 9), 0);
  buf_free(&out);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_measures_itself) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct buf out = BUF_INIT(SIZE_MAX);
  for (int i = 0; i < 3; i++) {
    buf_reset(&out);
    ck_assert_int_eq(tel_exposition_write(registry, TEL_FORMAT_TEXT, &out), 0);
  }
  ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "\ntelemetry_scrape_duration_seconds_count 2\n"));
  buf_free(&out);
  tel_registry_free(registry);
}
END_TEST

static void check_unzips(const struct buf *zipped, const char *expected, size_t len) {
  z_stream z = {.next_in = (Bytef *)zipped->data, .avail_in = (uInt)zipped->len};
  char *text = malloc(len + 1);
  z.next_out = (Bytef *)text;
  z.avail_out = (uInt)len + 1;
  ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
  ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
  ck_assert_uint_eq(z.total_out, len);
  ck_assert_uint_eq(z.avail_in, 0); /* one member, nothing behind it */
  ck_assert(len == 0 || memcmp(text, expected, len) == 0);
  inflateEnd(&z);
  free(text);
}

START_TEST(test_gzip_round_trip) {
  static const size_t lengths[] = {0, 1, 16383, 16384, 300000};
  char *text = malloc(300000);
  uint32_t noise = 1;
  for (size_t i = 0; i < 300000; i++) { /* hardly compressible: the output is longer than one step */
    noise = noise * 1664525 + 1013904223;
    text[i] = (char)(noise >> 24);
  }
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    struct buf out = BUF_INIT(SIZE_MAX);
    ck_assert_int_eq(tel_gzip(text, lengths[i], &out), 0);
    check_unzips(&out, text, lengths[i]);
    buf_free(&out);
  }
  free(text);
}
END_TEST

START_TEST(test_gzip_within_limit) {
  char text[20000];
  memset(text, 'a', sizeof text);
  struct buf out = BUF_INIT(1000); /* less than the text, and less than deflate might have needed */
  ck_assert_int_eq(tel_gzip(text, sizeof text, &out), 0);
  check_unzips(&out, text, sizeof text);
  buf_free(&out);
  struct buf small = BUF_INIT(10);
  ck_assert_int_eq(tel_gzip(text, sizeof text, &small), TEL_E_MEMORY);
  ck_assert(buf_failed(&small));
  buf_free(&small);
}
END_TEST

TEST_MAIN("exposition", test_text_is_exact, test_openmetrics_is_exact, test_content_types,
          test_canonical_bounds, test_whole_or_absent, test_appends_to_what_is_there, test_measures_itself,
          test_gzip_round_trip, test_gzip_within_limit)
