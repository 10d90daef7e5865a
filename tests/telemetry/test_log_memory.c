/* Fails the first, second, third ... allocation until a logger can be made and used: each failure is told as
 * TEL_E_MEMORY or costs lines that are counted, and leaves nothing behind (AddressSanitizer sees to that).
 * The linker's --wrap leads the layer's calls here. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "support/test.h"
#include "telemetry/log_fixture.h"

static _Atomic unsigned calls;
static _Atomic unsigned fail_at; /* 0: never */

static bool fails(void) {
  return atomic_fetch_add(&calls, 1) + 1 == atomic_load(&fail_at);
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
  return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text) {
  return fails() ? NULL : __real_strdup(text);
}

static struct fixture f;

static void walk_new(void) {
  for (unsigned at = 1;; at++) {
    tel_registry_free(f.registry);
    ck_assert_ptr_nonnull(f.registry = tel_registry_new(NULL));
    atomic_store(&calls, 0);
    atomic_store(&fail_at, at); /* only now: check allocates, too */
    int result = tel_logger_new(&f.settings, f.registry, &f.logger);
    atomic_store(&fail_at, 0);
    if (result == 0) {
      ck_assert_uint_gt(at, 15); /* or the calls do not pass here */
      return;
    }
    ck_assert_int_eq(result, TEL_E_MEMORY);
    ck_assert_uint_ge(atomic_load(&calls), at);
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
  memset(text, 0xC3, sizeof text); /* no text: three bytes for each */
  fixture_init(&f);
  for (unsigned at = 1;; at++) {
    tel_registry_free(f.registry);
    ck_assert_ptr_nonnull(f.registry = tel_registry_new(NULL));
    fixture_open(&f);
    atomic_store(&calls, 0);
    atomic_store(&fail_at, at);
    for (int line = 0; line < LINES; line++) {
      struct tel_log_record *record = tel_log_begin(f.logger, TEL_INFO);
      for (int i = 0; i < FIELDS; i++)
        tel_attributes_set_text(tel_log_fields(record), keys[i], text, sizeof text);
      tel_log_message(record, "large");
    }
    tel_logger_free(f.logger, UINT64_MAX);
    atomic_store(&fail_at, 0);
    ck_assert_uint_eq(fixture_accounted(&f), LINES);
    if (atomic_load(&calls) < at) break;
  }
  ck_assert_double_eq(fixture_metric(&f, "telemetry_log_lines_written_total"), LINES);
  json_t *lines = fixture_lines(f.path);
  ck_assert_uint_ge(json_array_size(lines), LINES);
  json_decref(lines);
  fixture_remove(&f);
}
END_TEST

TEST_MAIN("log-memory", test_making_a_logger, test_logging)
