/* The JSON body of a request, read field by field against a table: what is not in the table is refused. */
#ifndef HTTP_JSON_BODY_H
#define HTTP_JSON_BODY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/exchange.h"

struct json_field {
  const char *name;
  bool required;
  /* Takes the value; on a wrong one returns what it should be, as in "an integer from 1 to 100". */
  const char *(*take)(const json_t *value, void *out);
  void *out;
};

/* Reads the exchange's body. Returns the object, which the caller releases and which the strings taken live
 * in; or NULL, with the problem already replied. An empty body is an empty object. */
json_t *http_json_body(struct http_exchange *exchange, const struct json_field *fields, size_t count);

#endif
