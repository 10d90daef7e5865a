/* SPDX-License-Identifier: MIT */
#include "shop/reason.h"

static const struct {
  const char *word, *text;
} reasons[SHOP_REASON_COUNT] = {
#define ROW(name, word, text) [SHOP_##name] = {word, text},
    SHOP_REASONS(ROW)
#undef ROW
#define FAILURE(name, word, group, weight, title, text) [SHOP_##name] = {word, text},
        SHOP_PAYMENT_FAILURES(FAILURE)
#undef FAILURE
};

const char *shop_reason_word(enum shop_reason reason) {
  return reasons[reason].word;
}

const char *shop_reason_text(enum shop_reason reason) {
  return reasons[reason].text;
}
