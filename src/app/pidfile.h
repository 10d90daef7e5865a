/* SPDX-License-Identifier: MIT */
/* A file with the process id. Its lock shows that the process is alive. */
#ifndef APP_PIDFILE_H
#define APP_PIDFILE_H

#include <sys/types.h>

#include "base/error.h"

struct app_pidfile;

/* Locks the file, replaces a stale one, and writes our pid. Fails and names the other pid if that process is
 * alive. owner and group then own the file. path NULL or "": *out is NULL. Call it after the last fork,
 * because it writes the caller's pid. Returns 0, or -1 with a text in error. */
int app_pidfile_take(const char *path, uid_t owner, gid_t group, struct app_pidfile **out,
                     struct error *error);
/* Removes the file, or empties it if the directory is not writable; releases the lock. Accepts NULL. */
void app_pidfile_free(struct app_pidfile *file);

#endif
