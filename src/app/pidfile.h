/* A file that holds the process id, and whose lock says that the process lives. */
#ifndef APP_PIDFILE_H
#define APP_PIDFILE_H

#include <sys/types.h>

#include "app/config.h"

struct app_pidfile;

/* Takes the file: a stale one is replaced, one whose process lives is refused with its pid. Writes our pid;
 * owner is who will remove it. path NULL or "": *out is NULL. Call it in the process that stays: it is its
 * pid that is written. Returns 0, or -1 with a text in error. */
int app_pidfile_take(const char *path, uid_t owner, gid_t group, struct app_pidfile **out,
                     struct app_error *error);
/* Removes the file, or empties it where the directory belongs to others; gives up the lock. Takes NULL. */
void app_pidfile_free(struct app_pidfile *file);

#endif
