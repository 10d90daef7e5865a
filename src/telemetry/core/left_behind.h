/* SPDX-License-Identifier: MIT */
/* What a thread that hangs at the stop may still touch. The thread cannot be ended, so this memory is never
 * freed. A list in the process holds it, so that leak checkers do not report it. Any thread. Internal to
 * this project. */
#ifndef TELEMETRY_CORE_LEFT_BEHIND_H
#define TELEMETRY_CORE_LEFT_BEHIND_H

#include <stddef.h>

/* The first member of what is left behind. */
struct tel_left_behind {
  struct tel_left_behind *next;
};

void tel_leave_behind(struct tel_left_behind *what);
/* How often this process has left something behind. Above 0, end it with _exit(): exit() takes down what such
 * a thread may be in, a library for example. */
size_t tel_left_behind_count(void);

#endif
