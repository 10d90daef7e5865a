/* SPDX-License-Identifier: MIT */
/* The messages of the channel: a bounded store in memory, with an optional copy in a file. Any thread. A
 * reader never waits for the disk. A full store drops the oldest messages and counts them. */
#ifndef SLACK_MOCK_STORE_H
#define SLACK_MOCK_STORE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct mock_store;

struct mock_store_limits {
  size_t messages; /* at least 1 */
  size_t bytes;    /* of the JSON of all messages; a single message may be larger */
};

struct mock_store_stats {
  uint64_t last_id;     /* 0: none yet */
  uint64_t dropped;     /* by a limit, since the start or the last clear */
  uint64_t file_errors; /* failed writes to the file; their messages are in memory only */
  size_t messages;
  size_t bytes;
};

/* NULL when out of memory. */
struct mock_store *mock_store_new(const struct mock_store_limits *limits);
/* Accepts NULL. No other thread may use it any more. */
void mock_store_free(struct mock_store *store);

/* Loads the messages of the file, and from then on writes new ones to it. Call it once, before other threads
 * use the store. Returns 0, or -1 with a message in error. */
int mock_store_open(struct mock_store *store, const char *path, struct error *error);

/* Stores a message; payload is borrowed. Returns its number, from 1 on, or 0 when out of memory. May block on
 * the disk. */
uint64_t mock_store_add(struct mock_store *store, const char *channel, const json_t *payload,
                        uint64_t unix_ns);
/* Deletes all messages, in the file too; numbers continue. Returns 0, or -1 with errno if the file could not
 * be emptied. */
int mock_store_clear(struct mock_store *store);

/* Writes the messages with a number above after, oldest first, at most max, as the items of a JSON array.
 * *stats describes the whole store at that moment. *epoch changes at each start and clear, so a reader
 * notices that its messages were deleted. */
void mock_store_list(struct mock_store *store, uint64_t after, size_t max, struct buf *out,
                     struct mock_store_stats *stats, uint64_t *epoch);
struct mock_store_stats mock_store_stats(struct mock_store *store);

#endif
