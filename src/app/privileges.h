/* SPDX-License-Identifier: MIT */
/* Changes from root to an ordinary user permanently. */
#ifndef APP_PRIVILEGES_H
#define APP_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct app_identity {
  char name[64]; /* "": nothing changes */
  uid_t uid;
  gid_t gid;
};

/* Whether "user" is "" or names a user of this machine. If not, error has a text. */
bool app_identity_exists(const char *user, struct error *error);
/* Looks up "user". For "" or the current user, nothing will change. Returns 0, or -1 with a text in error:
 * unknown user, or not root. */
int app_identity_find(const char *user, struct app_identity *out, struct error *error);
/* Makes that user the owner of a log file, so that the existing file can be reopened later. Creates it if it
 * is absent. Regular files only; refuses symlinks. Does nothing if the user does not change. Returns 0, or -1
 * with a text in error. */
int app_identity_give(const struct app_identity *identity, const char *path, struct error *error);
/* Becomes that user, with its groups, and checks that it cannot become root again. Call it before the first
 * thread. Returns 0, or -1 with a text in error: then end the process. */
int app_identity_assume(const struct app_identity *identity, struct error *error);

#endif
