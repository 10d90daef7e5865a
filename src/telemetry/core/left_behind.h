/* SPDX-License-Identifier: MIT */
/* Keeps the memory of a thread that hangs at the stop. Nothing can end the thread, and it may still use this
 * memory, so the memory is never freed. A global list holds it, so that leak checkers do not report it. Any
 * thread. */
#ifndef TELEMETRY_CORE_LEFT_BEHIND_H
#define TELEMETRY_CORE_LEFT_BEHIND_H

#include <stddef.h>

/* The first member of an object that is left behind. */
struct tel_left_behind {
  struct tel_left_behind *next;
};

void tel_leave_behind(struct tel_left_behind *what);
/* How many objects this process has left behind. If it is above 0, end the process with _exit(): exit()
 * destroys state (of a library, for example) that such a thread may use. */
size_t tel_left_behind_count(void);

#endif
