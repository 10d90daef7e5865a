/* SPDX-License-Identifier: MIT */
/* The file of --store: one line per record. Records are appended; the store rewrites the file when most of it
 * is obsolete. One owner at a time (the store's file lock). Every call may block on the disk. */
#ifndef SLACK_MOCK_JOURNAL_H
#define SLACK_MOCK_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct mock_journal;

/* Receives a line without its newline, NUL-terminated. whole: false for a last line without its newline.
 * Returns NULL, a constant message, or MOCK_JOURNAL_CUT for the start of a line that is not whole. */
typedef const char *(*journal_line_fn)(void *cls, const char *line, size_t len, bool whole);
#define MOCK_JOURNAL_CUT ""

/* Opens or creates (mode 0600) the file, locks it against a second process, and calls line_fn for each line.
 * A crash can leave a last line without its newline: it is completed if line_fn accepts it, and removed if
 * line_fn returns MOCK_JOURNAL_CUT.
 * Returns NULL on failure, with a message in error that names the file and, if one is wrong, the line. */
struct mock_journal *mock_journal_open(const char *path, journal_line_fn line_fn, void *cls,
                                       struct error *error);
/* Accepts NULL. */
void mock_journal_free(struct mock_journal *journal);

/* Appends a line and its newline. Returns 0, or -1 with errno after removing a partial line. */
int mock_journal_append(struct mock_journal *journal, const char *line, size_t len);
/* Replaces the content completely or not at all. Returns 0, or -1 with errno. */
int mock_journal_rewrite(struct mock_journal *journal, const char *content, size_t len);
/* Bytes in the file. */
size_t mock_journal_size(const struct mock_journal *journal);

#endif
