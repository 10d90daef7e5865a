/* A parser's cases are files: this gives each to a check. */
#ifndef TESTS_SUPPORT_CASE_FILES_H
#define TESTS_SUPPORT_CASE_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct case_file {
  const char *name;
  char *text; /* exactly len bytes on the heap, so that a sanitizer sees a byte too many */
  size_t len;
};

/* Calls check for each file of the directory, below TEST_DATA. Returns how many there were. */
static inline int case_files(const char *directory, void (*check)(const struct case_file *file)) {
  char path[4096];
  int count = 0;
  snprintf(path, sizeof path, "%s/%s", getenv("TEST_DATA"), directory);
  DIR *dir = opendir(path);
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s/%s", getenv("TEST_DATA"), directory, entry->d_name);
    FILE *file = fopen(path, "rb");
    char text[16 * 1024];
    struct case_file given = {.name = entry->d_name};
    if (!file) continue;
    given.len = fread(text, 1, sizeof text, file);
    fclose(file);
    if (!(given.text = malloc(given.len ? given.len : 1))) abort();
    for (size_t i = 0; i < given.len; i++) given.text[i] = text[i];
    check(&given);
    free(given.text);
    count++;
  }
  if (dir) closedir(dir);
  return count;
}

#endif
