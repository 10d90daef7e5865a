/* SPDX-License-Identifier: MIT */
#include "slack-mock/results.h"

#include <assert.h>

static const struct mock_result_row rows[MOCK_RESULT_COUNT] = {
#define MOCK_RESULT_ROW(name, status, word) {status, word},
    MOCK_RESULTS(MOCK_RESULT_ROW)
#undef MOCK_RESULT_ROW
};

const struct mock_result_row *mock_result_row(enum mock_result result) {
  assert(result < MOCK_RESULT_COUNT);
  return &rows[result];
}
