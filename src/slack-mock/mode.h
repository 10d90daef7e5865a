/* SPDX-License-Identifier: MIT */
/* The mode of the mock: it responds as Slack does, or fails in one of several ways that lose notifications.
 * Any thread. */
#ifndef SLACK_MOCK_MODE_H
#define SLACK_MOCK_MODE_H

#include <stddef.h>
#include <stdint.h>

#include "slack-mock/results.h"

struct mock_mode;

enum { MOCK_MODE_DELAY_MAX_S = 60, MOCK_MODE_DELAY_DEFAULT_S = 10 };

/* The modes in display order; the first is the default. */
struct mock_mode_row {
  const char *name;
  const char *meaning; /* for the page and the log */
};
/* Returns the i-th row, or NULL after the last. Rows are static. */
const struct mock_mode_row *mock_mode_row(size_t i);

/* NULL when out of memory. */
struct mock_mode *mock_mode_new(void);
/* Accepts NULL. No other thread may still use it. */
void mock_mode_free(struct mock_mode *mode);

/* Returns 0, or -1 if no mode has that name, or if delay_s is outside 1 to MOCK_MODE_DELAY_MAX_S. Only "slow"
 * uses delay_s. Messages that are waiting in "slow" then get their response at once. */
int mock_mode_set(struct mock_mode *mode, const char *name, int64_t delay_s);
/* The row and the delay (if not NULL) of the current mode. */
const struct mock_mode_row *mock_mode_get(struct mock_mode *mode, int *delay_s);

/* The mode's result for a message that arrives now (monotonic ns); MOCK_OK accepts it. Blocks in "slow". */
enum mock_result mock_mode_apply(struct mock_mode *mode, uint64_t now_ns);
/* Ends all current and later waits, because the program stops. */
void mock_mode_stop(struct mock_mode *mode);

#endif
