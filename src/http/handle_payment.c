/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "http/json_body.h"
#include "http/reply.h"
#include "http/service_private.h"

static const struct tel_key ORDER_ID = TEL_KEY("order_id"), SKU = TEL_KEY("sku"),
                            QUANTITY = TEL_KEY("quantity"), PAYMENT_ID = TEL_KEY("payment_id"),
                            CHARGE_MS = TEL_KEY("charge_ms");

static void reply_failure(struct http_exchange *exchange, enum shop_reason reason, const char *order_id) {
  char quote[HTTP_QUOTE_SIZE];
  enum http_problem problem = http_problem_of(reason);
  if (reason == SHOP_UNKNOWN_ORDER)
    http_reply_problem(exchange, problem, "Unknown order '%s'.", http_reply_quote(order_id, quote));
  else if (reason == SHOP_UNAVAILABLE)
    http_reply_problem(exchange, problem, "Another payment of this order is still running.");
  else
    http_reply_problem(exchange, problem, "%s", shop_reason_text(reason));
}

void http_handle_payment(struct http_exchange *exchange) {
  const char *order_id = NULL;
  const struct json_field fields[] = {{"order_id", true, "a string: the order_id that POST /order returned",
                                       http_json_take_string, &order_id}};
  json_t *json = http_json_body(exchange, fields, sizeof fields / sizeof *fields);
  if (!json) return;

  struct shop_payment_result result;
  const struct http_service_parts *parts = http_service_parts(exchange->service);
  enum shop_reason reason = shop_order_pay(parts->shop, parts->tracer, exchange->span, order_id,
                                           exchange->headers[HTTP_USER_AGENT], &result);
  char noted[SHOP_ID_SIZE];
  text_copy(noted, sizeof noted, order_id);
  http_note_text(exchange, &ORDER_ID, noted);
  http_note_text(exchange, &SKU, result.sku);
  if (result.quantity) http_note_int(exchange, &QUANTITY, result.quantity);
  http_note_text(exchange, &PAYMENT_ID, result.payment_id);
  http_note_duration(exchange, &CHARGE_MS, result.inner_ns);
  if (reason != SHOP_DONE) reply_failure(exchange, reason, order_id);
  json_decref(json); /* order_id pointed into it */
  if (reason != SHOP_DONE) return;
  buf_puts(&exchange->reply, "{\"order_id\":\""); /* the ids are the shop's own and need no escapes */
  buf_puts(&exchange->reply, result.order_id);
  buf_puts(&exchange->reply, "\",\"payment_id\":\"");
  buf_puts(&exchange->reply, result.payment_id);
  buf_puts(&exchange->reply, "\",\"status\":\"paid\"}");
  http_reply_json(exchange);
}
