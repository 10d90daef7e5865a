/* SPDX-License-Identifier: MIT */
/* Fails the first, second, third ... allocation until all succeed. Every failure is reported as TEL_E_MEMORY,
 * nothing is leaked or used after free (AddressSanitizer checks that), and everything that was registered
 * before still works. */
#include <zlib.h>

#include "support/allocations.h"
#include "support/test.h"
#include "telemetry/metrics/exposition.h"
#include "telemetry/metrics/metrics_model.h"
#include "telemetry/metrics/process.h"
#include "telemetry/metrics/sample_registry.h"

int __real_deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy,
                         const char *version, int size);
int __wrap_deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy,
                         const char *version, int size);

int __wrap_deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy,
                         const char *version, int size) {
  return allocations_fails() ? Z_MEM_ERROR
                             : __real_deflateInit2_(z, level, method, bits, memory, strategy, version, size);
}

START_TEST(test_building) {
  struct tel_registry *registry = NULL;
  unsigned failed = 0;
  for (unsigned at = 1;; at++) {
    allocations_fail_at(at); /* only now: check allocates, too */
    registry = sample_registry_new();
    allocations_succeed();
    if (registry) break;
    ck_assert_uint_ge(allocations_count(), at);
    failed++;
  }
  ck_assert_uint_gt(failed, 40); /* or the allocations are not wrapped */
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_registering_the_process) {
  int error;
  unsigned failed = 0;
  for (unsigned at = 1;; at++) {
    struct tel_registry *registry = tel_registry_new(NULL);
    allocations_fail_at(at);
    error = tel_process_register(registry);
    allocations_succeed();
    struct buf out = BUF_INIT(SIZE_MAX); /* what was registered before the failure works */
    ck_assert_int_eq(tel_exposition_write(registry, TEL_FORMAT_TEXT, &out), 0);
    buf_free(&out);
    tel_registry_free(registry);
    if (!error) break;
    ck_assert_int_eq(error, TEL_E_MEMORY);
    failed++;
  }
  ck_assert_uint_gt(failed, 7);
}
END_TEST

START_TEST(test_a_series_that_failed_can_be_made_later) {
  struct tel_registry *registry = tel_registry_new(NULL);
  struct tel_family *family;
  struct tel_counter *counter = NULL;
  struct tel_family_spec spec = {.name = "x_total", .labels = (const char *const[]){"a"}, .label_count = 1};
  ck_assert_int_eq(tel_counter_family(registry, &spec, &family), 0);
  unsigned failed = 0;
  for (unsigned at = 1;; at++) {
    allocations_fail_at(at);
    int error = tel_counter_series(family, (const char *const[]){"v"}, &counter);
    allocations_succeed();
    if (!error) break;
    ck_assert_int_eq(error, TEL_E_MEMORY);
    ck_assert_ptr_null(counter);
    failed++;
  }
  ck_assert_uint_eq(failed, 4); /* values, series, index, counter */
  ck_assert_uint_eq(family->series_count, 1);
  tel_registry_free(registry);
}
END_TEST

START_TEST(test_exposing) {
  struct tel_registry *registry = sample_registry_new();
  for (int format = TEL_FORMAT_TEXT; format <= TEL_FORMAT_OPENMETRICS; format++) {
    unsigned failed = 0;
    for (unsigned at = 1;; at++) {
      struct buf out = BUF_INIT(SIZE_MAX), zipped = BUF_INIT(SIZE_MAX);
      allocations_fail_at(at);
      int error = tel_exposition_write(registry, (enum tel_format)format, &out);
      if (!error) error = tel_gzip(out.data, out.len, &zipped);
      allocations_succeed();
      bool any = buf_failed(&out) || buf_failed(&zipped);
      buf_free(&out);
      buf_free(&zipped);
      ck_assert_int_eq(any, error != 0);
      if (!error) break;
      ck_assert_int_eq(error, TEL_E_MEMORY);
      failed++;
    }
    ck_assert_uint_gt(failed, 5);
  }
  tel_registry_free(registry);
}
END_TEST

TEST_MAIN("metrics_memory", test_building, test_registering_the_process,
          test_a_series_that_failed_can_be_made_later, test_exposing)
