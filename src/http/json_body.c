#include "http/json_body.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/nesting.h"

#define NESTING_MAX 8 /* ours are one level deep */

/* Whether a Content-Type names JSON, with or without parameters. */
static bool is_json(const char *content_type) {
  static const char json[] = "application/json";
  if (!content_type || strncasecmp(content_type, json, sizeof json - 1) != 0) return false;
  const char *rest = content_type + sizeof json - 1;
  return rest[strspn(rest, " \t")] == '\0' || rest[strspn(rest, " \t")] == ';';
}

static json_t *parse(struct http_exchange *exchange) {
  json_error_t error;
  char detail[HTTP_DETAIL_SIZE];
  if (!nesting_within(exchange->body, exchange->body_len, NESTING_MAX)) {
    http_reply_problem(exchange, HTTP_INVALID_REQUEST, "The body is nested too deeply.");
    return NULL;
  }
  json_t *json = json_loadb(exchange->body, exchange->body_len, JSON_REJECT_DUPLICATES, &error);
  if (!json && !*error.text) { /* every mistake has its text */
    http_reply_problem(exchange, HTTP_UNAVAILABLE, "Out of memory.");
  } else if (!json) {
    snprintf(detail, sizeof detail, "The body is not JSON (line %d, column %d: %.100s).", error.line,
             error.column, error.text);
    http_reply_problem(exchange, HTTP_INVALID_REQUEST, detail);
  } else if (!json_is_object(json)) {
    http_reply_problem(exchange, HTTP_INVALID_REQUEST, "The body is not a JSON object.");
    json_decref(json);
    json = NULL;
  }
  return json;
}

static bool take_fields(struct http_exchange *exchange, const json_t *json, const struct json_field *fields,
                        size_t count) {
  char detail[HTTP_DETAIL_SIZE] = "";
  size_t known = 0;
  for (size_t i = 0; i < count && !*detail; i++) {
    const json_t *value = json_object_get(json, fields[i].name);
    known += value != NULL;
    const char *wanted = value ? fields[i].take(value, fields[i].out) : NULL;
    if (wanted)
      snprintf(detail, sizeof detail, "%s must be %s.", fields[i].name, wanted);
    else if (!value && fields[i].required)
      snprintf(detail, sizeof detail, "%s is missing.", fields[i].name);
  }
  if (!*detail && known < json_object_size(json))
    snprintf(detail, sizeof detail, "The body has a field that is unknown here.");
  if (*detail) http_reply_problem(exchange, HTTP_INVALID_REQUEST, detail);
  return !*detail;
}

json_t *http_json_body(struct http_exchange *exchange, const struct json_field *fields, size_t count) {
  json_t *json;
  if (exchange->body_len == 0) {
    json = json_object();
    if (!json) http_reply_problem(exchange, HTTP_UNAVAILABLE, "Out of memory.");
  } else if (!is_json(exchange->headers[HTTP_CONTENT_TYPE])) {
    http_reply_problem(exchange, HTTP_UNSUPPORTED_MEDIA_TYPE, NULL);
    return NULL;
  } else {
    json = parse(exchange);
  }
  if (json && take_fields(exchange, json, fields, count)) return json;
  json_decref(json);
  return NULL;
}
