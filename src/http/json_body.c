/* SPDX-License-Identifier: MIT */
#include "http/json_body.h"

#include <string.h>
#include <strings.h>

#include "base/nesting.h"
#include "base/text.h"
#include "http/reply.h"
#include "server/request.h"

enum { NESTING_MAX = 8 }; /* the shop's bodies are one level deep */

/* Whether a Content-Type names JSON, with or without parameters. */
static bool is_json(const char *content_type) {
  static const char json[] = "application/json";
  if (!content_type || strncasecmp(content_type, json, sizeof json - 1) != 0) return false;
  const char *rest = content_type + sizeof json - 1;
  return rest[strspn(rest, " \t")] == '\0' || rest[strspn(rest, " \t")] == ';';
}

/* Describes the error. jansson's own messages name its flags and contain text of the client. */
static const char *parse_error(enum json_error_code code) {
  switch (code) {
  case json_error_invalid_utf8:
    return "this is not UTF-8";
  case json_error_premature_end_of_input:
    return "the text ends too early";
  case json_error_end_of_input_expected:
    return "there is more text after the JSON value";
  case json_error_null_character:
  case json_error_null_byte_in_key:
    return "\\u0000 is not allowed";
  case json_error_duplicate_key:
    return "the same field occurs twice";
  case json_error_numeric_overflow:
    return "this number is too large";
  default:
    return "this is not JSON syntax";
  }
}

static json_t *parse(struct http_exchange *exchange) {
  static const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
  json_error_t error;
  if (!nesting_within(exchange->body, exchange->body_len, NESTING_MAX)) {
    http_reply_problem(exchange, HTTP_INVALID_REQUEST, "The body is nested more than %d levels deep.",
                       NESTING_MAX);
    return NULL;
  }
  json_t *json = json_loadb(exchange->body, exchange->body_len, flags, &error);
  /* A huge integer is valid JSON. The check of its field refuses it. */
  if (!json && *error.text && json_error_code(&error) == json_error_numeric_overflow)
    json = json_loadb(exchange->body, exchange->body_len, flags | JSON_DECODE_INT_AS_REAL, &error);
  bool skipped = json && memchr(exchange->body, '\0', exchange->body_len); /* after a number */
  if (json && json_is_object(json) && !skipped) return json;
  if (skipped)
    http_reply_problem(exchange, HTTP_INVALID_REQUEST, "The body has a NUL byte, which JSON does not allow.");
  else if (json)
    http_reply_problem(exchange, HTTP_INVALID_REQUEST, "The body is not a JSON object, such as {}.");
  else if (!*error.text) /* jansson describes every syntax error */
    http_reply_no_memory(exchange);
  else
    http_reply_problem(exchange, HTTP_INVALID_REQUEST,
                       "The body cannot be read as JSON at line %d, column %d (byte %d): %s.", error.line,
                       error.column, error.position, parse_error(json_error_code(&error)));
  json_decref(json);
  return NULL;
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
  if (is_json(type)) return true;
  exchange->accept = "application/json";
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
