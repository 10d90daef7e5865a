/* The way from the requests to the writer: a pool of records, the queue of finished ones, and the alarm clock
 * of whoever reads it. Inside of the logs part, see log.h for its users. Taking, giving back and pushing are
 * for any thread; they never wait and never allocate. Popping and waiting are the reader's. */
#ifndef TELEMETRY_LOG_QUEUE_H
#define TELEMETRY_LOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "tel/error.h"
#include "telemetry/log_record.h"

struct tel_log_queue;

/* size records, at least 1. TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_log_queue_new(size_t size, struct tel_log_queue **out);
/* Records that are still out or queued are gone, too. Takes NULL. */
void tel_log_queue_free(struct tel_log_queue *queue);

/* A record to fill (not yet initialised), or NULL if all are out. */
struct tel_log_record *tel_log_queue_take(struct tel_log_queue *queue);
/* Takes a record back, with what its fields hold. */
void tel_log_queue_give(struct tel_log_queue *queue, struct tel_log_record *record);

/* The reader begins in this process: what waits in several processes since a fork is left to one of them.
 * Until then nobody is woken. TEL_E_SYSTEM: no descriptor left. */
TEL_MUST_CHECK int tel_log_queue_start(struct tel_log_queue *queue);
bool tel_log_queue_started(const struct tel_log_queue *queue);
/* Whether it began in another process: then neither push nor wait. */
bool tel_log_queue_foreign(const struct tel_log_queue *queue);

/* Hands a finished record over and sees to it that the reader wakes. */
void tel_log_queue_push(struct tel_log_queue *queue, struct tel_log_record *record);
/* The oldest one, or NULL. */
struct tel_log_record *tel_log_queue_pop(struct tel_log_queue *queue);

/* Sleeps until something was pushed, or tel_log_queue_wake() was called, since the last return; then a little
 * longer, so that what comes in quick succession is read at one go. Read until it is empty afterwards. */
void tel_log_queue_wait(struct tel_log_queue *queue);
void tel_log_queue_wake(struct tel_log_queue *queue);

/* How many wait to be read. */
size_t tel_log_queue_count(const struct tel_log_queue *queue);
size_t tel_log_queue_capacity(const struct tel_log_queue *queue);

#endif
