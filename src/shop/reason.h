/* SPDX-License-Identifier: MIT */
/* Why an operation of the shop failed. The word is stable: it is the problem code, the metric label and the
 * log field. */
#ifndef SHOP_REASON_H
#define SHOP_REASON_H

/* One row per reason: name, word, and a sentence that says what happened. Reasons with the same word differ
 * only in the sentence. */
#define SHOP_REASONS(X)                                                                                      \
  X(UNKNOWN_SKU, "unknown_sku", "The SKU is unknown.")                                                       \
  X(OUT_OF_STOCK, "out_of_stock", "Not enough units are in stock.")                                          \
  X(UNKNOWN_ORDER, "unknown_order", "The order is unknown.")                                                 \
  X(ALREADY_PAID, "already_paid", "The order is already paid.")                                              \
  X(CREDENTIALS_REFUSED, "gateway_error", "The payment provider refused the shop's credentials.")            \
  X(NO_CONNECTION, "unavailable", "All connections to the payment provider are in use.")                     \
  X(UNAVAILABLE, "unavailable", "The shop cannot handle this request now.")

/* The payment failures, one row each: name, word, group, weight, title, and a sentence that says what
 * happened. A failure has the probability weight / sum of the weights. The weights follow roughly what
 * payment providers report. A new failure needs only a row: the draw, payment.reason, the problem, its
 * metrics and its log line follow from it. The groups are CARD (402), PROVIDER (502) and LATE (504: the
 * provider takes too long). The rows of a group must be adjacent. */
#define SHOP_PAYMENT_FAILURES(X)                                                                             \
  X(CARD_DECLINED, "card_declined", CARD, 50, "The card was declined",                                       \
    "The card's issuer declined the charge.")                                                                \
  X(INSUFFICIENT_FUNDS, "insufficient_funds", CARD, 25, "Insufficient funds",                                \
    "The card's account does not have enough funds.")                                                        \
  X(FRAUD_SUSPECTED, "fraud_suspected", CARD, 5, "Fraud suspected", "The payment provider suspects fraud.")  \
  X(GATEWAY_ERROR, "gateway_error", PROVIDER, 12, "The payment provider failed",                             \
    "The payment provider answered with an error.")                                                          \
  X(GATEWAY_TIMEOUT, "gateway_timeout", LATE, 8, "The payment provider timed out",                           \
    "The payment provider did not answer in time.")

#define SHOP_REASON_ENUM(name, ...) SHOP_##name,
enum shop_reason {
  SHOP_DONE,
  SHOP_REASONS(SHOP_REASON_ENUM) SHOP_PAYMENT_FAILURES(SHOP_REASON_ENUM) SHOP_REASON_COUNT
};
#undef SHOP_REASON_ENUM

/* The stable word; NULL for SHOP_DONE. */
const char *shop_reason_word(enum shop_reason reason);
/* The sentence; NULL for SHOP_DONE. */
const char *shop_reason_text(enum shop_reason reason);

#endif
