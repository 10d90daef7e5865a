#include <math.h>
#include <stdio.h>
#include <string.h>

#include "http/handlers.h"
#include "http/json_body.h"
#include "http/service_internal.h"

static const char *take_sku(const json_t *value, void *out) {
  if (!json_is_string(value)) return "a string";
  *(const char **)out = json_string_value(value);
  return NULL;
}

/* A number without a fraction is an integer in JSON, however it is written: 2, 2.0, 20e-1. */
static const char *take_quantity(const json_t *value, void *out) {
  static const char wanted[] = "an integer from 1 to 100";
  _Static_assert(SHOP_QUANTITY_MAX == 100, "the message says 100");
  if (!json_is_number(value)) return wanted;
  double number = json_number_value(value);
  if (number != floor(number) || number < 1 || number > SHOP_QUANTITY_MAX) return wanted;
  *(unsigned *)out = (unsigned)number;
  return NULL;
}

void http_handle_order(struct http_exchange *exchange) {
  const char *sku = NULL;
  unsigned quantity = 1;
  const struct json_field fields[] = {{"sku", false, take_sku, &sku},
                                      {"quantity", false, take_quantity, &quantity}};
  json_t *json = http_json_body(exchange, fields, sizeof fields / sizeof *fields);
  if (!json) return;

  struct shop_order_result result;
  const struct http_service_parts *parts = http_service_parts(exchange->service);
  enum shop_reason reason =
      shop_order_place(parts->shop, parts->tracer, exchange->span, sku, quantity, &result);
  snprintf(exchange->sku, sizeof exchange->sku, "%s", result.sku ? result.sku : sku);
  exchange->quantity = quantity;
  exchange->inner_ns = result.inner_ns;
  memcpy(exchange->order_id, result.order_id, sizeof exchange->order_id);
  json_decref(json); /* sku lived in it */
  if (reason != SHOP_DONE) {
    http_reply_problem(exchange, http_problem_of(reason), shop_reason_text(reason));
    return;
  }
  snprintf(exchange->location, sizeof exchange->location, "/order/%s", result.order_id);
  buf_puts(&exchange->reply, "{\"order_id\":\""); /* the id and the catalogue's SKU need no escapes */
  buf_puts(&exchange->reply, result.order_id);
  buf_puts(&exchange->reply, "\",\"sku\":\"");
  buf_puts(&exchange->reply, result.sku);
  buf_puts(&exchange->reply, "\",\"quantity\":");
  buf_put_u64(&exchange->reply, quantity);
  buf_puts(&exchange->reply, ",\"status\":\"created\"}");
  http_reply_json(exchange, 201);
}
