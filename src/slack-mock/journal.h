/* The file behind --store: one line a record, appended; rewritten whole when too much of it is history.
 * One owner at a time (the store's file lock). Every call may block on the disk. */
#ifndef SLACK_MOCK_JOURNAL_H
#define SLACK_MOCK_JOURNAL_H

#include <stddef.h>

#include "base/buf.h"

struct journal;

/* Takes one line, without its newline and NUL-terminated. Returns NULL, or a constant that says what is
 * wrong. */
typedef const char *(*journal_line_fn)(void *cls, const char *line, size_t len);

/* Opens path, creating it (mode 0600), locks it against a second process, and hands each line to line_fn. A
 * last line without its newline is what a crash leaves: it is taken if line_fn accepts it, else forgotten,
 * and the file is put right. NULL on failure, with a sentence in error that names the file, and the line
 * where there is one. */
struct journal *journal_open(const char *path, journal_line_fn line_fn, void *cls, struct buf *error);
/* Takes NULL. */
void journal_free(struct journal *journal);

/* Adds one line (its newline is added here). 0, or -1 with errno; what was written of it is taken back. */
int journal_append(struct journal *journal, const char *line, size_t len);
/* Replaces the whole content, all or nothing. 0, or -1 with errno. */
int journal_rewrite(struct journal *journal, const char *content, size_t len);
/* Bytes in the file. */
size_t journal_size(const struct journal *journal);

#endif
