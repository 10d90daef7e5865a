/* SPDX-License-Identifier: MIT */
/* Complete reads and writes: they continue after a signal or a short transfer. They may block. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads the start of a regular file into out: at most size - 1 bytes, then a NUL. Returns how many bytes were
 * read, or -1 with errno: EISDIR for a directory, EINVAL for a device or a pipe. out is then an empty string.
 * size is at least 1. */
ssize_t file_read(const char *path, char *out, size_t size);

/* Writes all of the data. Returns how many bytes were written; if fewer than len, errno says why. If write()
 * returns 0, errno is EIO. */
size_t file_write(int fd, const void *data, size_t len);

/* Returns a text for an error of open(), called for writing with O_NOFOLLOW or O_NONBLOCK: strerror()'s,
 * except for two errors. ELOOP then usually means that the file is a symlink, and ENXIO that it is a named
 * pipe without a reader. */
const char *file_open_error(int error);

#endif
