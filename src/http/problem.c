/* SPDX-License-Identifier: MIT */
#include "http/problem.h"

#include <string.h>

static const struct http_problem_row rows[HTTP_PROBLEM_COUNT] = {
#define ROW(name, code, status, level, error, title, advice)                                                 \
  [name] = {code, status, level, error, title, advice},
    HTTP_PROBLEMS(ROW)
#undef ROW
/* Status, level and advice of a payment failure follow from its group. */
#define GROUP_CARD 402, TEL_WARN, "Nothing was charged: send the payment again."
#define GROUP_PROVIDER 502, TEL_ERROR, "Nothing was charged: send the payment again in a moment."
#define GROUP_LATE 504, TEL_ERROR, "Nothing was charged: send the payment again in a moment."
#define FAILURE(name, word, title, status, level, advice)                                                    \
  [HTTP_##name] = {word, status, level, true, title, advice},
#define EXPANDED(macro, ...) macro(__VA_ARGS__)
#define FAILURE_ROW(name, word, group, weight, title, text)                                                  \
  EXPANDED(FAILURE, name, word, title, GROUP_##group)
        SHOP_PAYMENT_FAILURES(FAILURE_ROW)
#undef FAILURE_ROW
};

const struct http_problem_row *http_problem_row(enum http_problem problem) {
  return &rows[problem];
}

enum http_problem http_problem_of(enum shop_reason reason) {
  return reason == SHOP_DONE ? HTTP_NO_PROBLEM : http_problem_by_code(shop_reason_word(reason));
}

enum http_problem http_problem_by_code(const char *code) {
  for (int i = HTTP_NO_PROBLEM + 1; i < HTTP_PROBLEM_COUNT; i++)
    if (strcmp(rows[i].code, code) == 0) return (enum http_problem)i;
  return HTTP_NO_PROBLEM;
}
