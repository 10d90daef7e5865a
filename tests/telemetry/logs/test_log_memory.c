/* SPDX-License-Identifier: MIT */
/* Fails the first, second, third ... allocation until a logger can be made and used. Each failure is reported
 * as TEL_E_MEMORY or loses lines that are counted, and leaks nothing (AddressSanitizer checks that). */
#include <stdio.h>
#include <string.h>

#include "support/allocations.h"
#include "support/test.h"
#include "telemetry/logs/log_fixture.h"

static struct fixture f;

static void walk_new(void) {
  for (unsigned at = 1;; at++) {
    tel_registry_free(f.registry);
    ck_assert_ptr_nonnull(f.registry = tel_registry_new(NULL));
    allocations_fail_at(at); /* only now: check allocates, too */
    int result = tel_logger_new(&f.settings, f.registry, &f.logger);
    allocations_succeed();
    if (result == 0) {
      ck_assert_uint_gt(at, 15); /* or the allocations are not wrapped */
      return;
    }
    ck_assert_int_eq(result, TEL_E_MEMORY);
    ck_assert_uint_ge(allocations_count(), at);
  }
}

START_TEST(test_making_a_logger) {
  fixture_init(&f);
  walk_new();
  fixture_close(&f);
  f.settings.file = "syslog";
  walk_new();
  fixture_close(&f);
  fixture_remove(&f);
}
END_TEST

/* Lines larger than the writer's buffer, with values that lie on the heap. */
START_TEST(test_logging) {
  enum { LINES = 3, FIELDS = 40 };
  static char keys[FIELDS][8], text[4096];
  for (int i = 0; i < FIELDS; i++) snprintf(keys[i], sizeof keys[i], "k%d", i);
  memset(text, 0xC3, sizeof text); /* not UTF-8: each byte becomes three */
  fixture_init(&f);
  for (unsigned at = 1;; at++) {
    tel_registry_free(f.registry);
    ck_assert_ptr_nonnull(f.registry = tel_registry_new(NULL));
    fixture_open(&f);
    allocations_fail_at(at);
    for (int line = 0; line < LINES; line++) {
      struct tel_log_record *record = tel_log_begin(f.logger, TEL_INFO);
      for (int i = 0; i < FIELDS; i++)
        tel_attributes_set_text(tel_log_fields(record), keys[i], text, sizeof text);
      tel_log_message(record, "large");
    }
    tel_logger_free(f.logger, UINT64_MAX);
    allocations_succeed();
    ck_assert_uint_eq(fixture_accounted(&f), LINES);
    if (allocations_count() < at) break;
  }
  ck_assert_double_eq(fixture_metric(&f, "telemetry_log_lines_written_total"), LINES);
  json_t *lines = fixture_lines(f.path);
  ck_assert_uint_ge(json_array_size(lines), LINES);
  json_decref(lines);
  fixture_remove(&f);
}
END_TEST

TEST_MAIN("log-memory", test_making_a_logger, test_logging)
