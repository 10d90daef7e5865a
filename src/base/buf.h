/* SPDX-License-Identifier: MIT */
/* A growing byte buffer with a sticky error: appends need no check; call buf_failed() once at the end. Never
 * send the content of a failed buffer, because it may be incomplete. Not thread-safe: one owner at a time.
 * Numbers are written independently of the locale. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
  char *data; /* not NUL-terminated until buf_cstr(); NULL while empty */
  size_t len;
  size_t cap;
  size_t limit; /* in bytes; an append that would exceed it fails the buffer */
  bool failed;
};

#define BUF_INIT(limit_)                                                                                     \
  { NULL, 0, 0, (limit_), false }

/* Makes room for n more bytes. Returns the address of that room, or NULL on failure. The caller writes the
 * bytes and adds their number to len. */
char *buf_reserve(struct buf *b, size_t n);

void buf_append(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_put_u64(struct buf *b, uint64_t value);
void buf_put_i64(struct buf *b, int64_t value);
/* Appends the shortest text that reads back as the same number, or NaN, +Inf or -Inf. */
void buf_put_double(struct buf *b, double value);
/* Appends each byte as two lower-case hexadecimal digits. */
void buf_put_hex(struct buf *b, const uint8_t *bytes, size_t len);

bool buf_failed(const struct buf *b);
/* Returns the content, NUL-terminated, or NULL if the buffer failed. The buffer owns it. */
const char *buf_cstr(struct buf *b);
/* Empties the buffer and clears its error. Keeps the memory. */
void buf_reset(struct buf *b);
void buf_free(struct buf *b);

#endif
