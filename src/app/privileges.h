/* From root to an ordinary user, for good. */
#ifndef APP_PRIVILEGES_H
#define APP_PRIVILEGES_H

#include <sys/types.h>

#include "app/config.h"

struct app_identity {
  char name[64]; /* "": nothing changes */
  uid_t uid;
  gid_t gid;
};

/* Whether "user" is "" or names a user of this machine. If not, error has a text. */
bool app_identity_exists(const char *user, struct app_error *error);
/* Who "user" is. "" and the user that we are already: nothing will change. Returns 0, or -1 with a text in
 * error: no such user, or not root. */
int app_identity_find(const char *user, struct app_identity *out, struct app_error *error);
/* Gives a log file to that user, made if it is not there, so that it can be opened again later. Only a plain
 * file, never through a symbolic link. Does nothing if nothing changes. Returns 0, or -1 with a text in
 * error. */
int app_identity_give(const struct app_identity *identity, const char *path, struct app_error *error);
/* Becomes it, with its groups, and checks that there is no way back. Before the first thread. Returns 0, or
 * -1 with a text in error: then end. */
int app_identity_assume(const struct app_identity *identity, struct app_error *error);

#endif
