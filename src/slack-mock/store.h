/* The messages of the channel: a bounded store in memory, kept in a file if asked. Any thread; a reader waits
 * for copies in memory only, never for the disk. The oldest messages leave first, and they are counted. */
#ifndef SLACK_MOCK_STORE_H
#define SLACK_MOCK_STORE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct mock_store;

struct mock_store_limits {
  size_t messages; /* at least 1 */
  size_t bytes;    /* of all messages' JSON; one message may be larger than that and is then alone */
};

struct mock_store_stats {
  uint64_t last_id;     /* 0: none yet */
  uint64_t dropped;     /* left because of a limit, since the start or the last clear */
  uint64_t file_errors; /* writes to the file that failed: those messages are in memory only */
  size_t messages;
  size_t bytes;
};

/* NULL when out of memory. */
struct mock_store *mock_store_new(const struct mock_store_limits *limits);
/* Takes NULL. No other thread may still use it. */
void mock_store_free(struct mock_store *store);

/* Loads the messages of path and keeps later ones there. Once, before the threads. 0, or -1 with a sentence
 * in error. */
int mock_store_open(struct mock_store *store, const char *path, struct buf *error);

/* Keeps a message; payload is borrowed. Returns its number, from 1 on, or 0 when out of memory. May block on
 * the disk. */
uint64_t mock_store_add(struct mock_store *store, const char *channel, const json_t *payload,
                        uint64_t unix_ns);
/* Forgets all messages, in the file too; numbers go on. 0, or -1 when the file could not be emptied (with
 * errno). */
int mock_store_clear(struct mock_store *store);

/* Writes the messages with a number above after, oldest first, at most max, as the elements of a JSON array,
 * and tells about the whole store as it was at the same moment. epoch is another number after every clear and
 * start, so that a reader sees that what it has is gone. */
void mock_store_list(struct mock_store *store, uint64_t after, size_t max, struct buf *out,
                     struct mock_store_stats *stats, uint64_t *epoch);
struct mock_store_stats mock_store_stats(struct mock_store *store);

#endif
