/* SPDX-License-Identifier: MIT */
#include "slack-mock/store.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/timestamp.h"
#include "base/untrusted_json.h"
#include "slack-mock/journal.h"
#include "slack-mock/payload.h"

struct message {
  uint64_t id;
  char *json; /* as GET /messages and the file have it */
  size_t len;
};

struct mock_store {
  struct mock_store_limits limits;
  /* Taken first, and held during a write to the disk, so that writes have an order. */
  pthread_mutex_t file_lock;
  struct mock_journal *journal;
  /* Taken second, and never held during a write to the disk. */
  pthread_mutex_t lock;
  struct message *ring;
  size_t first;
  uint64_t epoch;
  struct mock_store_stats stats;
};

struct mock_store *mock_store_new(const struct mock_store_limits *limits) {
  struct mock_store *store = calloc(1, sizeof *store);
  if (!store) return NULL;
  store->limits = *limits;
  store->ring = calloc(limits->messages, sizeof *store->ring);
  if (!store->ring) {
    free(store);
    return NULL;
  }
  store->epoch = random_u64();
  pthread_mutex_init(&store->file_lock, NULL);
  pthread_mutex_init(&store->lock, NULL);
  return store;
}

static struct message *message_at(const struct mock_store *store, size_t i) {
  return &store->ring[(store->first + i) % store->limits.messages];
}

static void drop_oldest(struct mock_store *store) {
  struct message *oldest = message_at(store, 0);
  assert(store->stats.messages > 0 && store->stats.bytes >= oldest->len);
  store->stats.bytes -= oldest->len;
  free(oldest->json);
  oldest->json = NULL;
  store->first = (store->first + 1) % store->limits.messages;
  store->stats.messages--;
}

void mock_store_free(struct mock_store *store) {
  if (!store) return;
  while (store->stats.messages > 0) drop_oldest(store);
  mock_journal_free(store->journal);
  pthread_mutex_destroy(&store->file_lock);
  pthread_mutex_destroy(&store->lock);
  free(store->ring);
  free(store);
}

/* Takes ownership of json. The caller holds the lock or is the only thread. */
static void insert(struct mock_store *store, uint64_t id, char *json, size_t len) {
  while (store->stats.messages == store->limits.messages ||
         (store->stats.messages > 0 && store->stats.bytes + len > store->limits.bytes)) {
    drop_oldest(store);
    store->stats.dropped++;
  }
  *message_at(store, store->stats.messages) = (struct message){id, json, len};
  store->stats.messages++;
  store->stats.bytes += len;
  store->stats.last_id = id;
}

/* A JSON integer below it is exact in the page's JavaScript, and the next one too. */
#define ID_MAX (INT64_C(1) << 53)

#define NOT_A_MESSAGE "not a message of slack-mock"

/* Returns the number of the message in the line. 0: it is not a message of slack-mock. */
static json_int_t message_id(const json_t *message) {
  const char *why;
  const json_t *payload = json_object_get(message, "payload");
  bool good = json_is_string(json_object_get(message, "received_at")) &&
              json_is_string(json_object_get(message, "channel")) && json_is_object(payload) &&
              mock_payload_check(payload, &why) == MOCK_OK;
  return good ? json_integer_value(json_object_get(message, "id")) : 0;
}

/* Whether this line can be what a crash left of a message: its start, or zeros. The line is not JSON. */
static bool is_cut(const char *line) {
  static const char start[] = "{\"id\":";
  size_t len = strnlen(line, sizeof start - 1);
  return memcmp(line, start, len) == 0;
}

/* Loads a line of the file: a message whose number is above that of the previous line. */
static const char *load_line(void *cls, const char *line, size_t len, bool whole) {
  struct mock_store *store = cls;
  struct error error;
  /* The payload is one level deep in the message. */
  json_t *message = untrusted_json_object(line, len, MOCK_PAYLOAD_DEPTH_MAX + 1, &error);
  if (!message && !*error.text) return "out of memory";
  /* Any other line belongs to another program: it must stay. */
  if (!message) return !whole && is_cut(line) ? MOCK_JOURNAL_CUT : NOT_A_MESSAGE;
  json_int_t id = message_id(message);
  json_decref(message);
  if (id <= 0 || id >= ID_MAX || (uint64_t)id <= store->stats.last_id) return NOT_A_MESSAGE;
  char *json = strndup(line, len);
  if (!json) return "out of memory";
  insert(store, (uint64_t)id, json, len);
  return NULL;
}

int mock_store_open(struct mock_store *store, const char *path, struct error *error) {
  store->journal = mock_journal_open(path, load_line, store, error);
  return store->journal ? 0 : -1;
}

static char *render(uint64_t id, const char *channel, const json_t *payload, uint64_t unix_ns) {
  char time_text[TIMESTAMP_MAX + 1];
  *timestamp_write(time_text, unix_ns, 3) = '\0';
  /* "O" adds a reference, so the cast to a pointer that is not const changes nothing else. */
  json_t *message = json_pack("{s:I, s:s, s:s, s:O}", "id", (json_int_t)id, "received_at", time_text,
                              "channel", channel, "payload", (json_t *)(uintptr_t)payload);
  char *json = json_dumps(message, JSON_COMPACT);
  json_decref(message);
  return json;
}

/* Dropped messages may use as much of the file as the current ones, plus 64 KiB. */
static bool is_mostly_history(const struct mock_store *store, size_t live) {
  return mock_journal_size(store->journal) > 2 * live + (1 << 16);
}

/* The caller holds the file lock. */
static int rewrite_file(struct mock_store *store) {
  struct buf content = BUF_INIT(SIZE_MAX);
  pthread_mutex_lock(&store->lock);
  for (size_t i = 0; i < store->stats.messages; i++) {
    const struct message *message = message_at(store, i);
    buf_append(&content, message->json, message->len);
    buf_putc(&content, '\n');
  }
  pthread_mutex_unlock(&store->lock);
  errno = ENOMEM;
  int result = buf_failed(&content) ? -1 : mock_journal_rewrite(store->journal, content.data, content.len);
  buf_free(&content);
  return result;
}

uint64_t mock_store_add(struct mock_store *store, const char *channel, const json_t *payload,
                        uint64_t unix_ns) {
  pthread_mutex_lock(&store->file_lock);
  /* Only a holder of the file lock changes last_id. */
  uint64_t id = store->stats.last_id + 1;
  char *json = render(id, channel, payload, unix_ns);
  if (!json) {
    pthread_mutex_unlock(&store->file_lock);
    return 0;
  }
  size_t len = strlen(json);
  bool failed = store->journal && mock_journal_append(store->journal, json, len) != 0;
  pthread_mutex_lock(&store->lock);
  insert(store, id, json, len);
  size_t live = store->stats.bytes + store->stats.messages;
  pthread_mutex_unlock(&store->lock);
  if (store->journal && is_mostly_history(store, live) && rewrite_file(store) != 0) failed = true;
  if (failed) {
    pthread_mutex_lock(&store->lock);
    store->stats.file_errors++;
    pthread_mutex_unlock(&store->lock);
  }
  pthread_mutex_unlock(&store->file_lock);
  return id;
}

int mock_store_clear(struct mock_store *store) {
  pthread_mutex_lock(&store->file_lock);
  pthread_mutex_lock(&store->lock);
  while (store->stats.messages > 0) drop_oldest(store);
  store->stats.dropped = 0;
  store->epoch = random_u64();
  pthread_mutex_unlock(&store->lock);
  int result = store->journal ? rewrite_file(store) : 0;
  pthread_mutex_unlock(&store->file_lock);
  return result;
}

void mock_store_list(struct mock_store *store, uint64_t after, size_t max, struct buf *out,
                     struct mock_store_stats *stats, uint64_t *epoch) {
  pthread_mutex_lock(&store->lock);
  size_t written = 0;
  for (size_t i = 0; i < store->stats.messages && written < max; i++) {
    const struct message *message = message_at(store, i);
    if (message->id <= after) continue;
    if (written++ > 0) buf_putc(out, ',');
    buf_append(out, message->json, message->len);
  }
  *stats = store->stats;
  *epoch = store->epoch;
  pthread_mutex_unlock(&store->lock);
}

struct mock_store_stats mock_store_stats(struct mock_store *store) {
  pthread_mutex_lock(&store->lock);
  struct mock_store_stats stats = store->stats;
  pthread_mutex_unlock(&store->lock);
  return stats;
}
