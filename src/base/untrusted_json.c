/* SPDX-License-Identifier: MIT */
#include "base/untrusted_json.h"

#include <stdbool.h>
#include <string.h>

/* The parser is recursive, and the threads of a server have little stack: a few kilobytes of brackets could
 * crash the process. The parser checks the rest of the syntax. It never recurses deeper than max, because it
 * finds the ends of strings in the same way. */
static bool nesting_within(const char *text, size_t len, unsigned max) {
  unsigned depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < len; i++) {
    char c = text[i];
    if (in_string) {
      if (c == '\\')
        i++; /* an escaped quote does not end the string */
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (depth++ == max) return false;
    } else if ((c == ']' || c == '}') && depth > 0) {
      depth--;
    }
  }
  return true;
}

/* Describes the error. jansson's own messages name its flags and contain a part of the text. */
static const char *describe(enum json_error_code code) {
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

static json_t *parse(const char *text, size_t len, struct error *error) {
  if (len == 0) text = "";
  static const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
  json_error_t at;
  json_t *json = json_loadb(text, len, flags, &at);
  /* A huge integer is valid JSON. */
  if (!json && *at.text && json_error_code(&at) == json_error_numeric_overflow)
    json = json_loadb(text, len, flags | JSON_DECODE_INT_AS_REAL, &at);
  if (!json && *at.text) /* jansson describes every syntax error, but not a lack of memory */
    error_set(error, "cannot be read as JSON at line %d, column %d (byte %d): %s", at.line, at.column,
              at.position, describe(json_error_code(&at)));
  return json;
}

json_t *untrusted_json_object(const char *text, size_t len, unsigned depth, struct error *error) {
  error->text[0] = '\0';
  if (!nesting_within(text, len, depth)) {
    error_set(error, "is nested more than %u levels deep", depth);
    return NULL;
  }
  if (len > 0 && memchr(text, '\0', len)) { /* jansson skips a NUL that follows a number */
    error_set(error, "has a NUL byte, which the syntax of JSON does not allow");
    return NULL;
  }
  json_t *json = parse(text, len, error);
  if (!json || json_is_object(json)) return json;
  error_set(error, "is not a JSON object, such as {}");
  json_decref(json);
  return NULL;
}
