/* SPDX-License-Identifier: MIT */
/* Finds the threads of this process by name, so that a test can see that a thread has ended. */
#ifndef TESTS_SUPPORT_THREADS_H
#define TESTS_SUPPORT_THREADS_H

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

static inline unsigned threads_named(const char *name) {
  unsigned count = 0;
  DIR *tasks = opendir("/proc/self/task");
  if (!tasks) abort();
  for (const struct dirent *task; (task = readdir(tasks));) {
    char path[300], found[16] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
    FILE *comm = fopen(path, "r"); /* fails for a thread that has just ended */
    if (!comm) continue;
    count += fscanf(comm, "%15s", found) == 1 && strcmp(found, name) == 0;
    fclose(comm);
  }
  closedir(tasks);
  return count;
}

/* Waits until no thread has this name, at most for the time limit of the test. */
static inline void threads_wait(const char *name) {
  while (threads_named(name) > 0) sched_yield();
}

#endif
