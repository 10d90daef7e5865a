/* SPDX-License-Identifier: MIT */
#include "slack-mock/store.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/files.h"
#include "support/test.h"

/* 2026-11-22T12:00:00.250Z */
#define NOON (UINT64_C(1795348800) * CLOCK_NS_PER_S + 250 * CLOCK_NS_PER_MS)

static const struct mock_store_limits wide = {.messages = 1000, .bytes = 1 << 20};
static char path[64];

static void path_new(void) {
  snprintf(path, sizeof path, "./test_store.XXXXXX");
  int fd = mkstemp(path);
  ck_assert_int_ge(fd, 0);
  close(fd);
}

static struct mock_store *store_of(const struct mock_store_limits *limits) {
  struct mock_store *store = mock_store_new(limits);
  ck_assert_ptr_nonnull(store);
  return store;
}

/* Opens path in a new store. With says, expects a failure whose message contains it, and returns NULL. */
static struct mock_store *open_store(const struct mock_store_limits *limits, const char *says) {
  struct mock_store *store = store_of(limits);
  struct error error;
  int result = mock_store_open(store, path, &error);
  if (!says) {
    ck_assert_msg(result == 0, "%s", error.text);
  } else {
    ck_assert_int_eq(result, -1);
    ck_assert_msg(strstr(error.text, says) != NULL && strstr(error.text, path) != NULL, "%s", error.text);
    mock_store_free(store);
    store = NULL;
  }
  return store;
}

static uint64_t add(struct mock_store *store, const char *text) {
  json_t *payload = json_pack("{s:s}", "text", text);
  uint64_t id = mock_store_add(store, "#c", payload, NOON);
  json_decref(payload);
  return id;
}

/* The texts of the messages above after, one letter each. */
static const char *texts(struct mock_store *store, uint64_t after, size_t max) {
  static char out[4096];
  struct buf list = BUF_INIT(SIZE_MAX);
  struct mock_store_stats stats;
  uint64_t epoch;
  buf_putc(&list, '[');
  mock_store_list(store, after, max, &list, &stats, &epoch);
  buf_putc(&list, ']');
  json_t *all = json_loads(buf_cstr(&list), 0, NULL);
  ck_assert_msg(json_is_array(all), "%s", buf_cstr(&list));
  size_t i, len = 0;
  const json_t *message;
  json_array_foreach(all, i, message) {
    out[len++] = *json_string_value(json_object_get(json_object_get(message, "payload"), "text"));
  }
  out[len] = '\0';
  json_decref(all);
  buf_free(&list);
  return out;
}

START_TEST(test_keeps_in_order) {
  struct mock_store *store = store_of(&wide);
  ck_assert_str_eq(texts(store, 0, 10), "");
  ck_assert_uint_eq(add(store, "a"), 1);
  ck_assert_uint_eq(add(store, "b"), 2);
  ck_assert_uint_eq(add(store, "c"), 3);
  ck_assert_str_eq(texts(store, 0, 10), "abc");
  ck_assert_str_eq(texts(store, 1, 10), "bc");
  ck_assert_str_eq(texts(store, 1, 1), "b");
  ck_assert_str_eq(texts(store, 3, 10), "");
  ck_assert_str_eq(texts(store, UINT64_MAX, 10), "");
  mock_store_free(store);
}
END_TEST

START_TEST(test_message_looks_as_documented) {
  struct mock_store *store = store_of(&wide);
  struct buf list = BUF_INIT(SIZE_MAX);
  struct mock_store_stats stats;
  uint64_t epoch;
  add(store, "<a&\"");
  mock_store_list(store, 0, 1, &list, &stats, &epoch);
  ck_assert_str_eq(buf_cstr(&list),
                   "{\"id\":1,\"received_at\":\"2026-11-22T12:00:00.250Z\",\"channel\":\"#c\","
                   "\"payload\":{\"text\":\"<a&\\\"\"}}");
  buf_free(&list);
  mock_store_free(store);
}
END_TEST

START_TEST(test_oldest_leave_by_count) {
  const struct mock_store_limits few = {.messages = 3, .bytes = 1 << 20};
  struct mock_store *store = store_of(&few);
  for (const char *c = "abcde"; *c; c++) add(store, (char[]){*c, 0});
  ck_assert_str_eq(texts(store, 0, 10), "cde");
  struct mock_store_stats stats = mock_store_stats(store);
  ck_assert_uint_eq(stats.messages, 3);
  ck_assert_uint_eq(stats.dropped, 2);
  ck_assert_uint_eq(stats.last_id, 5);
  mock_store_free(store);
}
END_TEST

START_TEST(test_oldest_leave_by_bytes) {
  const struct mock_store_limits small = {.messages = 100, .bytes = 250};
  struct mock_store *store = store_of(&small);
  for (const char *c = "abcdefgh"; *c; c++) {
    add(store, (char[]){*c, 0});
    ck_assert_uint_le(mock_store_stats(store).bytes, 250);
  }
  ck_assert_uint_eq(mock_store_stats(store).messages, 2);
  ck_assert_str_eq(texts(store, 0, 10), "gh");
  char large[400];
  memset(large, 'z', sizeof large);
  large[sizeof large - 1] = '\0';
  add(store, large); /* too large, but it is the only message */
  ck_assert_str_eq(texts(store, 0, 10), "z");
  mock_store_free(store);
}
END_TEST

START_TEST(test_clear_makes_a_new_epoch) {
  struct mock_store *store = store_of(&wide);
  struct buf list = BUF_INIT(SIZE_MAX);
  struct mock_store_stats stats;
  uint64_t before, after;
  add(store, "a");
  mock_store_list(store, 0, 1, &list, &stats, &before);
  ck_assert_int_eq(mock_store_clear(store), 0);
  mock_store_list(store, 0, 1, &list, &stats, &after);
  ck_assert(before != after);
  ck_assert_uint_eq(stats.messages, 0);
  ck_assert_uint_eq(stats.bytes, 0);
  ck_assert_uint_eq(add(store, "b"), 2); /* numbers continue */
  buf_free(&list);
  mock_store_free(store);
}
END_TEST

START_TEST(test_file_survives_restart) {
  path_new();
  struct mock_store *store = open_store(&wide, NULL);
  add(store, "a");
  add(store, "b");
  mock_store_free(store);
  store = open_store(&wide, NULL);
  ck_assert_str_eq(texts(store, 0, 10), "ab");
  ck_assert_uint_eq(add(store, "c"), 3);
  ck_assert_int_eq(mock_store_clear(store), 0);
  add(store, "d");
  mock_store_free(store);
  store = open_store(&wide, NULL);
  ck_assert_str_eq(texts(store, 0, 10), "d");
  ck_assert_uint_eq(mock_store_stats(store).last_id, 4);
  mock_store_free(store);
  unlink(path);
}
END_TEST

#define MESSAGE(id, payload)                                                                                 \
  "{\"id\":" id ",\"received_at\":\"2026-11-22T12:00:00.250Z\",\"channel\":\"#c\",\"payload\":" payload "}"
#define LINE(id, text) MESSAGE(id, "{\"text\":\"" text "\"}")

START_TEST(test_cut_last_line_is_forgotten) {
  path_new();
  files_write(path, LINE("1", "a") "\n" LINE("2", "b") "\n{\"id\":3,\"received_at\":\"20");
  struct mock_store *store = open_store(&wide, NULL);
  ck_assert_str_eq(texts(store, 0, 10), "ab");
  add(store, "c");
  mock_store_free(store);
  store = open_store(&wide, NULL); /* a remainder of the cut line would now be an invalid line */
  ck_assert_str_eq(texts(store, 0, 10), "abc");
  mock_store_free(store);
  unlink(path);
}
END_TEST

/* Adds a message to the file's store, opens the file again, and compares the texts of all messages. */
static void add_and_reopen(const char *text, const char *wanted) {
  struct mock_store *store = open_store(&wide, NULL);
  add(store, text);
  mock_store_free(store);
  store = open_store(&wide, NULL);
  ck_assert_str_eq(texts(store, 0, 10), wanted);
  mock_store_free(store);
}

/* A crash of the machine can leave zeros, or a few letters of a line. */
START_TEST(test_remains_of_a_line_are_removed) {
  static const char zeros[100];
  path_new();
  for (size_t len = 1; len <= 7; len++) {
    files_write(path, LINE("1", "a") "\n");
    FILE *out = fopen(path, "a");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite("{\"id\":2", 1, len, out), len);
    if (len % 2) ck_assert_uint_eq(fwrite(zeros, 1, sizeof zeros, out), sizeof zeros);
    fclose(out);
    add_and_reopen("b", "ab");
  }
  unlink(path);
}
END_TEST

START_TEST(test_whole_last_line_without_newline_is_kept) {
  path_new();
  files_write(path, LINE("1", "a") "\n" LINE("2", "b"));
  add_and_reopen("c", "abc");
  unlink(path);
}
END_TEST

START_TEST(test_bad_files_are_refused) {
  static const struct {
    const char *content, *says;
  } cases[] = {
      {"hello\n", ":1: "},
      {LINE("1", "a") "\n\n", ":2: "},
      {LINE("1", "a") "\n" LINE("1", "b") "\n", ":2: "},
      {LINE("0", "a") "\n", ":1: "},
      {LINE("1.5", "a") "\n", ":1: "},
      {"{\"id\":1}\n", ":1: "},
      {"[]\n" LINE("1", "a") "\n", ":1: "},
      {LINE("9007199254740992", "a") "\n", ":1: "},
      {LINE("9223372036854775807", "a") "\n", ":1: "},
      {LINE("1", "") "\n", ":1: "}, /* shows nothing */
      {MESSAGE("1", "{\"text\":1}") "\n", ":1: "},
      {MESSAGE("1", "{\"text\":\"a\",\"attachments\":{}}") "\n", ":1: "},
      {"hello", ":1: "}, /* no newline, but not the start of a message either */
      {"{\"a\":1}", ":1: "},
      {LINE("1", "a") "\nhello", ":2: "},
      {LINE("1", "a") "\n" LINE("1", "b"), ":2: "}, /* whole, so no crash has cut it */
      {"{\"id\":1}", ":1: "},
  };
  path_new();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    files_write(path, cases[i].content);
    ck_assert_ptr_null(open_store(&wide, cases[i].says));
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq((size_t)st.st_size,
                      strlen(cases[i].content)); /* unchanged, because the file belongs to another program */
  }
  unlink(path);
}
END_TEST

START_TEST(test_unusable_paths_are_refused) {
  snprintf(path, sizeof path, ".");
  ck_assert_ptr_null(open_store(&wide, "directory"));
  snprintf(path, sizeof path, "./no-such-directory/store");
  ck_assert_ptr_null(open_store(&wide, "No such file"));
  path_new();
  unlink(path);
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  ck_assert_ptr_null(open_store(&wide, "not a regular file"));
  unlink(path);
}
END_TEST

START_TEST(test_second_process_is_refused) {
  path_new();
  struct mock_store *store = open_store(&wide, NULL);
  ck_assert_ptr_null(open_store(&wide, "in use"));
  ck_assert_int_eq(mock_store_clear(store), 0); /* rewrites the file, under another inode */
  ck_assert_ptr_null(open_store(&wide, "in use"));
  mock_store_free(store);
  unlink(path);
}
END_TEST

START_TEST(test_file_is_bounded) {
  const struct mock_store_limits few = {.messages = 4, .bytes = 1 << 20};
  char text[1000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  path_new();
  struct mock_store *store = open_store(&few, NULL);
  struct stat st;
  for (int i = 0; i < 300; i++) {
    text[0] = (char)('a' + i % 26);
    add(store, text);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_lt(st.st_size, 80000);
  }
  ck_assert_uint_eq(mock_store_stats(store).file_errors, 0);
  mock_store_free(store);
  store = open_store(&few, NULL);
  ck_assert_str_eq(texts(store, 0, 10), "klmn"); /* numbers 297 to 300 */
  ck_assert_uint_eq(mock_store_stats(store).last_id, 300);
  mock_store_free(store);
  unlink(path);
}
END_TEST

/* An attacker with access to the directory could make a symlink there to another file. */
START_TEST(test_new_file_is_no_link) {
  char beside[sizeof path + 4], victim[sizeof path + 7];
  struct stat st;
  path_new();
  snprintf(beside, sizeof beside, "%s.new", path);
  snprintf(victim, sizeof victim, "%s.victim", path);
  files_write(victim, "precious");
  ck_assert_int_eq(symlink(victim, beside), 0);
  struct mock_store *store = open_store(&wide, NULL);
  add(store, "t");
  ck_assert_int_eq(mock_store_clear(store), 0);
  mock_store_free(store);
  ck_assert_int_eq(stat(victim, &st), 0);
  ck_assert_int_eq(st.st_size, 8);
  ck_assert_int_eq(lstat(path, &st), 0);
  ck_assert(S_ISREG(st.st_mode) && st.st_size == 0);
  unlink(victim);
  unlink(path);
}
END_TEST

enum { THREADS = 8, EACH = 100 };

static void *add_many(void *store) {
  for (int i = 0; i < EACH; i++) add(store, "t");
  return NULL;
}

START_TEST(test_threads) {
  json_object_seed(0); /* before the threads, as the program does */
  path_new();
  struct mock_store *store = open_store(&wide, NULL);
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, add_many, store), 0);
  while (mock_store_stats(store).last_id < THREADS * EACH) texts(store, mock_store_stats(store).last_id, 10);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  ck_assert_uint_eq(strlen(texts(store, 0, SIZE_MAX)), THREADS * EACH);
  mock_store_free(store);
  store = open_store(&wide, NULL); /* each line is whole, and the numbers increase */
  ck_assert_uint_eq(mock_store_stats(store).messages, THREADS * EACH);
  mock_store_free(store);
  unlink(path);
}
END_TEST

TEST_MAIN("store", test_keeps_in_order, test_message_looks_as_documented, test_oldest_leave_by_count,
          test_oldest_leave_by_bytes, test_clear_makes_a_new_epoch, test_file_survives_restart,
          test_cut_last_line_is_forgotten, test_remains_of_a_line_are_removed,
          test_whole_last_line_without_newline_is_kept, test_bad_files_are_refused,
          test_unusable_paths_are_refused, test_second_process_is_refused, test_file_is_bounded,
          test_new_file_is_no_link, test_threads)
