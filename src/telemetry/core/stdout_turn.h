/* SPDX-License-Identifier: MIT */
/* The log writers and the console exporters of a process share standard output. A pipe that is full takes
 * only a part of a write, and then the writes of two threads would mix their lines. So they write in turn.
 * Any thread. */
#ifndef TELEMETRY_CORE_STDOUT_TURN_H
#define TELEMETRY_CORE_STDOUT_TURN_H

#include <stdbool.h>

/* Waits until no other thread has the turn. Calls give_up(cls) at least each ten milliseconds meanwhile; if
 * that returns true, returns false without the turn. */
bool tel_stdout_take(bool (*give_up)(void *cls), void *cls);
void tel_stdout_give(void);

#endif
