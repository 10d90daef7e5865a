/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "app/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static const struct passwd *entry_of(const char *user, struct error *error) {
  errno = 0;
  const struct passwd *entry = getpwnam(user);
  if (!entry || strlen(user) >= sizeof((struct app_identity *)0)->name) {
    error_set(error, "user: unknown user \"%.100s\"%s%s; create it (useradd), or name another", user,
              errno ? ": " : "", errno ? strerror(errno) : "");
    return NULL;
  }
  return entry;
}

bool app_identity_exists(const char *user, struct error *error) {
  return !*user || entry_of(user, error);
}

int app_identity_find(const char *user, struct app_identity *out, struct error *error) {
  *out = (struct app_identity){.uid = geteuid(), .gid = getegid()};
  if (!*user) return 0;
  const struct passwd *entry = entry_of(user, error);
  if (!entry) return -1;
  if (entry->pw_uid == geteuid()) return 0;
  if (geteuid() != 0) {
    error_set(error, "user: only root can become \"%.100s\"; leave it empty, or start as root", user);
    return -1;
  }
  memcpy(out->name, user, strlen(user) + 1);
  out->uid = entry->pw_uid;
  out->gid = entry->pw_gid;
  return 0;
}

int app_identity_give(const struct app_identity *identity, const char *path, struct error *error) {
  struct stat info;
  if (!*identity->name) return 0;
  int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
  if (fd < 0 || fstat(fd, &info) != 0) {
    error_set(error, "cannot open the log file %s: %s", path, file_open_error(errno));
    if (fd >= 0) close(fd);
    return -1;
  }
  int result = 0;
  /* Change the owner of regular files only, never of a device such as /dev/stderr's. */
  if (S_ISREG(info.st_mode) && info.st_uid != identity->uid &&
      (info.st_nlink != 1 || fchown(fd, identity->uid, identity->gid) != 0)) {
    error_set(error, "cannot give the log file %s to %s: %s", path, identity->name,
              info.st_nlink != 1 ? "it has a second hard link" : strerror(errno));
    result = -1;
  }
  close(fd);
  return result;
}

int app_identity_assume(const struct app_identity *identity, struct error *error) {
  if (!*identity->name) return 0;
  if (initgroups(identity->name, identity->gid) != 0 ||
      setresgid(identity->gid, identity->gid, identity->gid) != 0 ||
      setresuid(identity->uid, identity->uid, identity->uid) != 0) {
    error_set(error, "cannot become %s: %s", identity->name, strerror(errno));
    return -1;
  }
  if (identity->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0 || (identity->gid != 0 && setegid(0) == 0))) {
    error_set(error, "could become root again after becoming %s", identity->name);
    return -1;
  }
  /* A program that this process starts cannot regain privileges. Keep /proc/self readable for the process
   * metrics: the kernel gives it to root when a process changes its user. */
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) {
    error_set(error, "cannot give up privileges: %s", strerror(errno));
    return -1;
  }
  return 0;
}
