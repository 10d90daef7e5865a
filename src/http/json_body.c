/* SPDX-License-Identifier: MIT */
#include "http/json_body.h"

#include <string.h>

#include "base/text.h"
#include "base/untrusted_json.h"
#include "http/reply.h"
#include "server/request.h"

#define JSON "application/json"
enum { NESTING_MAX = 8 }; /* the shop's bodies are one level deep */

static json_t *parse(struct http_exchange *exchange) {
  struct error error;
  json_t *json = untrusted_json_object(exchange->body, exchange->body_len, NESTING_MAX, &error);
  if (!json && *error.text)
    http_reply_problem(exchange, HTTP_INVALID_REQUEST, "The body %s.", error.text);
  else if (!json)
    http_reply_no_memory(exchange);
  return json;
}

bool http_json_take_string(const json_t *value, void *out) {
  if (json_is_string(value)) *(const char **)out = json_string_value(value);
  return json_is_string(value);
}

static bool take_field(struct http_exchange *exchange, const json_t *json, const struct json_field *field) {
  const json_t *value = json_object_get(json, field->name);
  if (!value && !field->required) return true;
  if (value && field->take(value, field->out)) return true;
  http_reply_problem(exchange, HTTP_INVALID_REQUEST, "The field '%s' %s %s.", field->name,
                     value ? "must be" : "is missing: it must be", field->allowed);
  return false;
}

static bool is_known(const char *name, const struct json_field *fields, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(fields[i].name, name) == 0) return true;
  return false;
}

/* Refuses the first field that is not in the table. */
static bool all_known(struct http_exchange *exchange, json_t *json, const struct json_field *fields,
                      size_t count) {
  const char *name;
  json_t *value;
  json_object_foreach(json, name, value) {
    if (is_known(name, fields, count)) continue;
    char quote[HTTP_QUOTE_SIZE], known[128] = "";
    for (size_t i = 0; i < count; i++) text_list_add(known, sizeof known, "', '", fields[i].name);
    http_reply_problem(exchange, HTTP_INVALID_REQUEST, "The field '%s' is unknown. Known fields: '%s'.",
                       http_reply_quote(name, quote), known);
    return false;
  }
  return true;
}

static bool take_fields(struct http_exchange *exchange, json_t *json, const struct json_field *fields,
                        size_t count) {
  if (!all_known(exchange, json, fields, count)) return false;
  for (size_t i = 0; i < count; i++)
    if (!take_field(exchange, json, &fields[i])) return false;
  return true;
}

/* Only JSON without a content coding is accepted. The response's Accept headers say so (RFC 9110, 12.5 and
 * 15.5.16). */
static bool format_is_taken(struct http_exchange *exchange) {
  char quote[HTTP_QUOTE_SIZE];
  const char *type = exchange->headers[HTTP_CONTENT_TYPE];
  const char *coding = server_connection_content_coding(exchange->connection);
  if (coding) {
    exchange->accept_encoding = "identity";
    http_reply_problem(exchange, HTTP_UNSUPPORTED_MEDIA_TYPE, "The body has Content-Encoding '%s'.",
                       http_reply_quote(coding, quote));
    return false;
  }
  if (text_is_media_type(type, JSON)) return true;
  exchange->accept = JSON;
  if (type)
    http_reply_problem(exchange, HTTP_UNSUPPORTED_MEDIA_TYPE, "The body has Content-Type '%s'.",
                       http_reply_quote(type, quote));
  else
    http_reply_problem(exchange, HTTP_UNSUPPORTED_MEDIA_TYPE,
                       "The body has no Content-Type, or more than one.");
  return false;
}

json_t *http_json_body(struct http_exchange *exchange, const struct json_field *fields, size_t count) {
  json_t *json = NULL;
  if (exchange->body_len == 0) {
    json = json_object();
    if (!json) http_reply_no_memory(exchange);
  } else if (format_is_taken(exchange)) {
    json = parse(exchange);
  }
  if (json && take_fields(exchange, json, fields, count)) return json;
  json_decref(json);
  return NULL;
}
