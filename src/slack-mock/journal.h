/* The file behind --store: one line a record, appended; rewritten whole when too much of it is history.
 * One owner at a time (the store's file lock). Every call may block on the disk. */
#ifndef SLACK_MOCK_JOURNAL_H
#define SLACK_MOCK_JOURNAL_H

#include <stddef.h>

#include "base/buf.h"

struct mock_journal;

/* Takes one line, without its newline and NUL-terminated. Returns NULL, or a constant that says what is
 * wrong. */
typedef const char *(*journal_line_fn)(void *cls, const char *line, size_t len);

/* Opens path, creating it (mode 0600), locks it against a second process, and hands each line to line_fn. A
 * last line without its newline is what a crash leaves: it is taken if line_fn accepts it, else forgotten,
 * and the file is put right. NULL on failure, with a sentence in error that names the file, and the line
 * where there is one. */
struct mock_journal *mock_journal_open(const char *path, journal_line_fn line_fn, void *cls,
                                       struct buf *error);
/* Takes NULL. */
void mock_journal_free(struct mock_journal *journal);

/* Adds one line (its newline is added here). 0, or -1 with errno; what was written of it is taken back. */
int mock_journal_append(struct mock_journal *journal, const char *line, size_t len);
/* Replaces the whole content, all or nothing. 0, or -1 with errno. */
int mock_journal_rewrite(struct mock_journal *journal, const char *content, size_t len);
/* Bytes in the file. */
size_t mock_journal_size(const struct mock_journal *journal);

#endif
