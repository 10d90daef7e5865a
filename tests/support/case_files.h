/* SPDX-License-Identifier: MIT */
/* A parser's test cases are files below TEST_DATA. case_files() calls a check function for each. An
 * unreadable file fails the test. */
#ifndef TESTS_SUPPORT_CASE_FILES_H
#define TESTS_SUPPORT_CASE_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "support/test.h"

struct case_file {
  const char *directory; /* the path of its directory */
  const char *name;
  char *text; /* exactly len bytes on the heap, so that a sanitizer detects an overrun */
  size_t len;
};

/* Returns the bytes of a file, followed by this many zeros. The caller frees them. */
static inline char *case_read(const char *path, size_t *len, size_t zeros) {
  static char text[64 * 1024];
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "cannot open %s", path);
  *len = fread(text, 1, sizeof text, file);
  ck_assert_msg(*len < sizeof text, "%s is too large", path);
  fclose(file);
  char *copy = calloc(1, *len + zeros ? *len + zeros : 1);
  ck_assert_ptr_nonnull(copy);
  memcpy(copy, text, *len);
  return copy;
}

/* Returns the text of the file that has the case's name and another extension. The caller frees it. */
static inline char *case_beside(const struct case_file *file, const char *ending) {
  char path[4096];
  size_t len;
  const char *dot = strrchr(file->name, '.');
  snprintf(path, sizeof path, "%s/%.*s%s", file->directory, (int)(dot - file->name), file->name, ending);
  return case_read(path, &len, 1);
}

/* Calls check for each file of the directory with this extension ("": all files), except hidden files.
 * Returns their number. */
static inline int case_files(const char *directory, const char *ending,
                             void (*check)(const struct case_file *file, const void *cls), const void *cls) {
  char path[4096], file[8192];
  int count = 0;
  snprintf(path, sizeof path, "%s/%s", getenv("TEST_DATA"), directory);
  DIR *dir = opendir(path);
  ck_assert_msg(dir != NULL, "cannot open %s", path);
  for (struct dirent *entry; (entry = readdir(dir));) {
    size_t len = strlen(entry->d_name), end = strlen(ending);
    if (entry->d_name[0] == '.' || len < end || strcmp(entry->d_name + len - end, ending) != 0) continue;
    struct case_file given = {.directory = path, .name = entry->d_name};
    snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
    given.text = case_read(file, &given.len, 0);
    check(&given, cls);
    free(given.text);
    count++;
  }
  closedir(dir);
  return count;
}

#endif
