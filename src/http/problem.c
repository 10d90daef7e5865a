#include "http/problem.h"

#include <string.h>

static const struct http_problem_row rows[HTTP_PROBLEM_COUNT] = {
#define ROW(name, code, status, level, error, title, advice)                                                 \
  [name] = {code, status, level, error, title, advice},
    HTTP_PROBLEMS(ROW)
#undef ROW
};

const struct http_problem_row *http_problem_row(enum http_problem problem) {
  return &rows[problem];
}

enum http_problem http_problem_of(enum shop_reason reason) {
  static const enum http_problem problems[SHOP_REASON_COUNT] = {
      [SHOP_DONE] = HTTP_NO_PROBLEM,
      [SHOP_UNKNOWN_SKU] = HTTP_UNKNOWN_SKU,
      [SHOP_OUT_OF_STOCK] = HTTP_OUT_OF_STOCK,
      [SHOP_UNKNOWN_ORDER] = HTTP_UNKNOWN_ORDER,
      [SHOP_ALREADY_PAID] = HTTP_ALREADY_PAID,
      [SHOP_CARD_DECLINED] = HTTP_CARD_DECLINED,
      [SHOP_INSUFFICIENT_FUNDS] = HTTP_INSUFFICIENT_FUNDS,
      [SHOP_FRAUD_SUSPECTED] = HTTP_FRAUD_SUSPECTED,
      [SHOP_GATEWAY_ERROR] = HTTP_GATEWAY_ERROR,
      [SHOP_GATEWAY_TIMEOUT] = HTTP_GATEWAY_TIMEOUT,
      [SHOP_CREDENTIALS_REFUSED] = HTTP_GATEWAY_ERROR,
      [SHOP_NO_CONNECTION] = HTTP_UNAVAILABLE,
      [SHOP_UNAVAILABLE] = HTTP_UNAVAILABLE,
  };
  return problems[reason];
}

enum http_problem http_problem_by_code(const char *code) {
  for (int i = HTTP_NO_PROBLEM + 1; i < HTTP_PROBLEM_COUNT; i++)
    if (strcmp(rows[i].code, code) == 0) return (enum http_problem)i;
  return HTTP_NO_PROBLEM;
}
