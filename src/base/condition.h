/* SPDX-License-Identifier: MIT */
/* Condition variables whose deadlines are readings of clock_mono_ns(), so that a step of the wall clock does
 * not move them. Signal and destroy a condition with the POSIX functions. Any thread. */
#ifndef BASE_CONDITION_H
#define BASE_CONDITION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* For a wait without a deadline. */
#define CONDITION_NO_DEADLINE UINT64_MAX

void condition_init(pthread_cond_t *condition);
/* Releases the lock, waits, and takes it again. Returns false once the deadline is reached. True may be a
 * spurious wake-up, so the caller checks what it waits for. */
bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t deadline_mono_ns);

#endif
