/* SPDX-License-Identifier: MIT */
/* Reads the JSON body of a request field by field against a table. Refuses fields that are not in the table.
 */
#ifndef HTTP_JSON_BODY_H
#define HTTP_JSON_BODY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/exchange.h"

struct json_field {
  const char *name;
  bool required;
  const char *allowed;                          /* as in "an integer from 1 to 100" */
  bool (*take)(const json_t *value, void *out); /* false: the value is not allowed */
  void *out;
};

/* For struct json_field: takes a string. out is a const char **. */
bool http_json_take_string(const json_t *value, void *out);

/* Reads the exchange's body, if it is JSON without a content coding. Returns the object, or NULL after it has
 * replied with the problem. The object owns the strings; the caller releases it. An empty body counts as an
 * empty object. */
json_t *http_json_body(struct http_exchange *exchange, const struct json_field *fields, size_t count);

#endif
