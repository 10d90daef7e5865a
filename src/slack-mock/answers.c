/* SPDX-License-Identifier: MIT */
#include "slack-mock/answers.h"

#include <assert.h>

static const struct mock_answer_row rows[MOCK_ANSWER_COUNT] = {
#define MOCK_ANSWER_ROW(name, status, word) {status, word},
    MOCK_ANSWERS(MOCK_ANSWER_ROW)
#undef MOCK_ANSWER_ROW
};

const struct mock_answer_row *mock_answer_row(enum mock_answer answer) {
  assert(answer < MOCK_ANSWER_COUNT);
  return &rows[answer];
}
