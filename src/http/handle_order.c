/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "http/json_body.h"
#include "http/reply.h"
#include "http/service_private.h"
#include "shop/inventory.h"

static const struct tel_key ORDER_ID = TEL_KEY("order_id"), SKU = TEL_KEY("sku"),
                            QUANTITY = TEL_KEY("quantity"), INVENTORY_MS = TEL_KEY("inventory_ms");

/* In JSON, a number without a fraction is an integer in any notation: 2, 2.0, 20e-1. */
static bool take_quantity(const json_t *value, void *out) {
  double number = json_is_number(value) ? json_number_value(value) : 0;
  if (number != floor(number) || number < 1 || number > SHOP_QUANTITY_MAX) return false;
  *(unsigned *)out = (unsigned)number;
  return true;
}

/* "mug, tshirt ... and socks" */
static const char *sku_list(char out[128]) {
  out[0] = '\0';
  for (int i = 0; i < SHOP_INVENTORY_SKUS; i++)
    text_list_add(out, 128, i + 1 < SHOP_INVENTORY_SKUS ? ", " : " and ", shop_inventory_sku(i));
  return out;
}

static void reply_failure(struct http_exchange *exchange, enum shop_reason reason,
                          const struct shop_order_result *result, const char *sku) {
  char quote[HTTP_QUOTE_SIZE], skus[128];
  enum http_problem problem = http_problem_of(reason);
  if (reason == SHOP_UNKNOWN_SKU)
    http_reply_problem(exchange, problem, "Unknown SKU '%s'. The SKUs are %s.", http_reply_quote(sku, quote),
                       sku_list(skus));
  else if (reason == SHOP_OUT_OF_STOCK)
    http_reply_problem(exchange, problem, "The order is for %u of %s, and %lld are in stock.",
                       result->quantity, result->sku, (long long)result->stock_left);
  else
    http_reply_problem(exchange, problem,
                       "The order store is full of unpaid orders (orders.capacity), or out of memory.");
}

/* The order as JSON; the id and the catalogue's SKU need no escapes. */
static void reply_order(struct http_exchange *exchange, const char *order_id, const char *sku,
                        unsigned quantity, const char *status) {
  buf_puts(&exchange->reply, "{\"order_id\":\"");
  buf_puts(&exchange->reply, order_id);
  buf_puts(&exchange->reply, "\",\"sku\":\"");
  buf_puts(&exchange->reply, sku);
  buf_puts(&exchange->reply, "\",\"quantity\":");
  buf_put_u64(&exchange->reply, quantity);
  buf_puts(&exchange->reply, ",\"status\":\"");
  buf_puts(&exchange->reply, status);
  buf_puts(&exchange->reply, "\"}");
  http_reply_json(exchange);
}

void http_handle_order(struct http_exchange *exchange) {
  const char *sku = NULL;
  unsigned quantity = 1;
  const struct json_field fields[] = {
      {"sku", false, "a string, such as \"mug\"", http_json_take_string, &sku},
      {"quantity", false, "an integer from 1 to 100", take_quantity, &quantity}};
  _Static_assert(SHOP_QUANTITY_MAX == 100, "the message says 100");
  json_t *json = http_json_body(exchange, fields, sizeof fields / sizeof *fields);
  if (!json) return;

  struct shop_order_result result;
  const struct http_service_parts *parts = http_service_parts(exchange->service);
  enum shop_reason reason = shop_order_place(parts->shop, parts->tracer, exchange->span, sku, quantity,
                                             exchange->headers[HTTP_USER_AGENT], &result);
  http_note_text(exchange, &ORDER_ID, result.order_id);
  http_note_text(exchange, &SKU, result.sku ? result.sku : sku);
  http_note_int(exchange, &QUANTITY, quantity);
  http_note_duration(exchange, &INVENTORY_MS, result.inner_ns);
  if (reason != SHOP_DONE) reply_failure(exchange, reason, &result, sku);
  json_decref(json); /* sku pointed into it */
  if (reason != SHOP_DONE) return;
  static const char orders[] = "/order/";
  memcpy(exchange->location, orders, sizeof orders);
  text_copy(exchange->location + sizeof orders - 1, sizeof exchange->location - sizeof orders + 1,
            result.order_id);
  reply_order(exchange, result.order_id, result.sku, quantity, "created");
}

void http_handle_order_status(struct http_exchange *exchange) {
  char order_id[HTTP_TEXT_SIZE], noted[SHOP_ID_SIZE], quote[HTTP_QUOTE_SIZE];
  struct shop_order_found found;
  const struct http_service_parts *parts = http_service_parts(exchange->service);
  http_route_parameter(exchange->route, exchange->path, "order_id", order_id, sizeof order_id);
  enum shop_reason reason = shop_order_find(parts->shop, exchange->span, order_id, &found);
  text_copy(noted, sizeof noted, order_id);
  http_note_text(exchange, &ORDER_ID, noted);
  if (reason != SHOP_DONE) {
    http_reply_problem(exchange, http_problem_of(reason), "Unknown order '%s'.",
                       http_reply_quote(order_id, quote));
    return;
  }
  http_note_text(exchange, &SKU, found.sku);
  http_note_int(exchange, &QUANTITY, found.quantity);
  reply_order(exchange, order_id, found.sku, found.quantity, found.paid ? "paid" : "created");
}
