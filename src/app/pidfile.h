/* SPDX-License-Identifier: MIT */
/* A file that holds the process id, and whose lock says that the process lives. */
#ifndef APP_PIDFILE_H
#define APP_PIDFILE_H

#include <sys/types.h>

#include "app/config.h"

struct app_pidfile;

/* Takes the file: replaces a stale one; fails, naming the pid, if its process lives. Writes our pid; owner
 * and group own the file and may remove it. path NULL or "": *out is NULL. Call it in the process that stays,
 * because it writes that process's pid. Returns 0, or -1 with a text in error. */
int app_pidfile_take(const char *path, uid_t owner, gid_t group, struct app_pidfile **out,
                     struct error *error);
/* Removes the file, or empties it where the directory belongs to others; releases the lock. Takes NULL. */
void app_pidfile_free(struct app_pidfile *file);

#endif
