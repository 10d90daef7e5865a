/* SPDX-License-Identifier: MIT */
/* The results of a post to Slack's incoming webhook, one row each: the status of the response, and the word
 * that is its body. The `result` label of slack_mock_messages_total and the log use the same word. */
#ifndef SLACK_MOCK_RESULTS_H
#define SLACK_MOCK_RESULTS_H

#define MOCK_RESULTS(X)                                                                                      \
  X(OK, 200, "ok")                                                                                           \
  X(INVALID_PAYLOAD, 400, "invalid_payload")                                                                 \
  X(NO_TEXT, 400, "no_text")                                                                                 \
  X(TOO_MANY_ATTACHMENTS, 400, "too_many_attachments")                                                       \
  X(INVALID_BLOCKS, 400, "invalid_blocks")                                                                   \
  X(USER_NOT_FOUND, 400, "user_not_found")                                                                   \
  X(ACTION_PROHIBITED, 403, "action_prohibited")                                                             \
  X(INVALID_TOKEN, 403, "invalid_token")                                                                     \
  X(NO_SERVICE, 404, "no_service")                                                                           \
  X(CHANNEL_NOT_FOUND, 404, "channel_not_found")                                                             \
  X(CHANNEL_IS_ARCHIVED, 410, "channel_is_archived")                                                         \
  X(PAYLOAD_TOO_LARGE, 413, "payload_too_large")                                                             \
  X(RATE_LIMITED, 429, "rate_limited")                                                                       \
  X(ROLLUP_ERROR, 500, "rollup_error")

enum mock_result {
#define MOCK_RESULT_ENUM(name, status, word) MOCK_##name,
  MOCK_RESULTS(MOCK_RESULT_ENUM)
#undef MOCK_RESULT_ENUM
      MOCK_RESULT_COUNT
};

struct mock_result_row {
  int status;
  const char *word;
};

/* Returns the row of a result. It is static. Any thread. */
const struct mock_result_row *mock_result_row(enum mock_result result);

#endif
