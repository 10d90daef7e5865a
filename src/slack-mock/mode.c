/* SPDX-License-Identifier: MIT */
#include "slack-mock/mode.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/condition.h"

/* Slack allows about one message a second, and short bursts. */
enum { BURST = 3 };
#define REFILL_NS CLOCK_NS_PER_S

enum kind { REPLY, THROTTLE, SLEEP };

static const struct mode {
  struct mock_mode_row row;
  enum kind kind;
  enum mock_result result;
} modes[] = {
    {{"ok", "accepts every message"}, REPLY, MOCK_OK},
    {{"outage", "returns 500 for every message"}, REPLY, MOCK_ROLLUP_ERROR},
    {{"rate_limited", "returns 429 with Retry-After for every message"}, REPLY, MOCK_RATE_LIMITED},
    {{"throttled", "accepts about one message a second and short bursts, else returns 429"},
     THROTTLE,
     MOCK_RATE_LIMITED},
    {{"slow", "delays every response by some seconds"}, SLEEP, MOCK_OK},
    {{"revoked", "returns 404: the webhook was removed"}, REPLY, MOCK_NO_SERVICE},
    {{"invalid_token", "returns 403: the token is wrong"}, REPLY, MOCK_INVALID_TOKEN},
    {{"action_prohibited", "returns 403: posting is forbidden"}, REPLY, MOCK_ACTION_PROHIBITED},
    {{"channel_not_found", "returns 404: the channel was deleted"}, REPLY, MOCK_CHANNEL_NOT_FOUND},
    {{"channel_is_archived", "returns 410: the channel is archived"}, REPLY, MOCK_CHANNEL_IS_ARCHIVED},
    {{"user_not_found", "returns 400: the user was deleted"}, REPLY, MOCK_USER_NOT_FOUND},
};
enum { MODE_COUNT = sizeof modes / sizeof *modes };

struct mock_mode {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  const struct mode *now;
  int delay_s;
  uint64_t generation; /* counts the changes; a change ends the waits of "slow" */
  bool stopping;
  uint64_t full_at_ns; /* in mode "throttled": when a whole burst is allowed again */
};

const struct mock_mode_row *mock_mode_row(size_t i) {
  return i < MODE_COUNT ? &modes[i].row : NULL;
}

struct mock_mode *mock_mode_new(void) {
  struct mock_mode *mode = calloc(1, sizeof *mode);
  if (!mode) return NULL;
  condition_init(&mode->changed);
  pthread_mutex_init(&mode->lock, NULL);
  mode->now = &modes[0];
  mode->delay_s = MOCK_MODE_DELAY_DEFAULT_S;
  return mode;
}

void mock_mode_free(struct mock_mode *mode) {
  if (!mode) return;
  pthread_cond_destroy(&mode->changed);
  pthread_mutex_destroy(&mode->lock);
  free(mode);
}

int mock_mode_set(struct mock_mode *mode, const char *name, int64_t delay_s) {
  size_t i = 0;
  while (i < MODE_COUNT && strcmp(modes[i].row.name, name) != 0) i++;
  if (i == MODE_COUNT || delay_s < 1 || delay_s > MOCK_MODE_DELAY_MAX_S) return -1;
  pthread_mutex_lock(&mode->lock);
  mode->now = &modes[i];
  mode->delay_s = (int)delay_s;
  mode->generation++;
  mode->full_at_ns = 0;
  pthread_cond_broadcast(&mode->changed);
  pthread_mutex_unlock(&mode->lock);
  return 0;
}

const struct mock_mode_row *mock_mode_get(struct mock_mode *mode, int *delay_s) {
  pthread_mutex_lock(&mode->lock);
  const struct mock_mode_row *row = &mode->now->row;
  if (delay_s) *delay_s = mode->delay_s;
  pthread_mutex_unlock(&mode->lock);
  return row;
}

/* The caller holds the lock. Each message moves full_at_ns one refill later; a message that would move it
 * more than a burst ahead of now is refused. */
static bool throttle_passes(struct mock_mode *mode, uint64_t now_ns) {
  uint64_t from = mode->full_at_ns > now_ns ? mode->full_at_ns : now_ns;
  if (from + REFILL_NS > now_ns + BURST * REFILL_NS) return false;
  mode->full_at_ns = from + REFILL_NS;
  return true;
}

/* The caller holds the lock; the wait releases it. */
static void sleep_until_changed(struct mock_mode *mode, uint64_t until_ns) {
  uint64_t generation = mode->generation;
  bool waiting = true;
  while (waiting && !mode->stopping && mode->generation == generation)
    waiting = condition_wait(&mode->changed, &mode->lock, until_ns);
}

enum mock_result mock_mode_apply(struct mock_mode *mode, uint64_t now_ns) {
  pthread_mutex_lock(&mode->lock);
  enum mock_result result = mode->now->result;
  if (mode->now->kind == THROTTLE && throttle_passes(mode, now_ns)) result = MOCK_OK;
  if (mode->now->kind == SLEEP) sleep_until_changed(mode, now_ns + (uint64_t)mode->delay_s * CLOCK_NS_PER_S);
  pthread_mutex_unlock(&mode->lock);
  return result;
}

void mock_mode_stop(struct mock_mode *mode) {
  pthread_mutex_lock(&mode->lock);
  mode->stopping = true;
  pthread_cond_broadcast(&mode->changed);
  pthread_mutex_unlock(&mode->lock);
}
