/* Why an operation of the shop failed. The word is stable: problem code, metric label and log field are this
 * word. */
#ifndef SHOP_REASON_H
#define SHOP_REASON_H

/* name, word, what happened in a sentence. Reasons with the same word differ in the sentence alone. */
#define SHOP_REASONS(X)                                                                                      \
  X(SHOP_UNKNOWN_SKU, "unknown_sku", "There is no such SKU.")                                                \
  X(SHOP_OUT_OF_STOCK, "out_of_stock", "Not enough units are in stock.")                                     \
  X(SHOP_UNKNOWN_ORDER, "unknown_order", "There is no such order.")                                          \
  X(SHOP_ALREADY_PAID, "already_paid", "The order is paid already.")                                         \
  X(SHOP_CARD_DECLINED, "card_declined", "The card's issuer declined the charge.")                           \
  X(SHOP_INSUFFICIENT_FUNDS, "insufficient_funds", "The card has not enough funds.")                         \
  X(SHOP_FRAUD_SUSPECTED, "fraud_suspected", "The payment provider suspects fraud.")                         \
  X(SHOP_GATEWAY_ERROR, "gateway_error", "The payment provider answered with an error.")                     \
  X(SHOP_GATEWAY_TIMEOUT, "gateway_timeout", "The payment provider did not answer in time.")                 \
  X(SHOP_CREDENTIALS_REFUSED, "gateway_error", "The payment provider refused the shop's credentials.")       \
  X(SHOP_NO_CONNECTION, "unavailable", "All connections to the payment provider are in use.")                \
  X(SHOP_UNAVAILABLE, "unavailable", "The shop cannot take this now.")

#define SHOP_REASON_ENUM(name, word, text) name,
enum shop_reason { SHOP_DONE, SHOP_REASONS(SHOP_REASON_ENUM) SHOP_REASON_COUNT };
#undef SHOP_REASON_ENUM

/* The stable word; NULL for SHOP_DONE. */
const char *shop_reason_word(enum shop_reason reason);
/* The sentence; NULL for SHOP_DONE. */
const char *shop_reason_text(enum shop_reason reason);

#endif
